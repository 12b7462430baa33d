/** Labels as they really occur: underscores, and hyphens at the ends, are against RFC 952 and yet in use. */
const HOST_NAME = /^(?=.{1,253}\.?$)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?$/;

/** Whether a lower-case ASCII host name has the form that DNS can hold (RFC 1035, section 2.3.4). */
export function isHostName(host: string): boolean {
  return HOST_NAME.test(host);
}
