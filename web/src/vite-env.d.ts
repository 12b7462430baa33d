/** Files that the builder puts beside the scripts; the import gives their address. */
declare module '*.svg' {
  const address: string;
  export { address as default };
}
declare module '*.css';
