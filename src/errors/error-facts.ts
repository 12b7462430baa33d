/**
 * Where a client meets a code:
 * - `call`: the answer to a call, `{"error", "code"}`
 * - `file`: a fault of a whole uploaded file; also the code of the answer to its upload
 * - `row`: a fault of a row of an uploaded file: in `details`, in a dry run, in `errors.csv`
 * - `image`: the error of an image, also in `errors.csv` and in the failures of a host
 * - `delivery`: the error of a try to deliver a webhook
 * - `webhook`: the reason why the service has disabled a webhook
 */
export type Place = 'call' | 'file' | 'row' | 'image' | 'delivery' | 'webhook';

/** What is the same for every error with one code. */
export interface ErrorFacts {
  /** HTTP status of a call that it answers; null where it answers none. */
  status: number | null;
  /** Whether the same call or try can succeed later although nobody has changed anything. */
  retryable: boolean;
  /** What happened, and what to do about it. The message of an error, unless that has details such as a number. */
  sentence: string;
  where: readonly Place[];
}
