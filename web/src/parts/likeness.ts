/** Below this nobody takes a result for its source: the page offers no lower similarity either. */
export const UNLIKE = 0.9;

/** The class of a similarity that is shown. */
export const likenessClass = (similarity: number): 'bad' | 'quiet' => (similarity < UNLIKE ? 'bad' : 'quiet');
