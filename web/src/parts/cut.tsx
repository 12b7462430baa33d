/** The name of an image, the product first: where there is no room for the whole, that is cut off, and not what stands behind it. */
export function CutName({ parts: [product, ...rest] }: { parts: string[] }) {
  return (
    <span class="cut-name">
      <span class="cut-start">{rest.length > 0 ? `${product}, ` : product}</span>
      {rest.length > 0 && <span class="cut-end">{rest.join(', ')}</span>}
    </span>
  );
}

/** An address; where there is no room for the whole, its start is cut off: those of a shop have the same. */
export function CutAddress({ url }: { url: string }) {
  return (
    <span class="cut-address">
      <bdi>{url}</bdi>
    </span>
  );
}
