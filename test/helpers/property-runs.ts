/** How many examples a property tries: as many as usual, or `PROPERTY_RUNS`; a hundred thousand take some minutes. */
export function propertyRuns(usual: number): number {
  return Number(process.env.PROPERTY_RUNS ?? usual);
}
