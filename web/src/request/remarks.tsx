import type { Image, Request } from '../api/client.ts';
import { Icon } from '../parts/icon.tsx';
import { texts } from '../texts.ts';
import { warningText } from '../texts-of-failures.ts';
import { showImages } from './show-images.ts';

/** What is to be known of a file before it is used, although nothing has failed. */
export function Remarks({ request, images }: { request: Request; images: Image[] }) {
  const ofFile = request.warnings.items.filter(({ column, value }) => !column && !value);
  const missed = images.filter(({ notes }) => notes.includes('target_not_reached')).length;
  return (
    <>
      {ofFile.map(({ code, hint }) => (
        <p key={code} class="remark">
          <Icon name="warning" />
          {warningText(code, hint)}
        </p>
      ))}
      {missed > 0 && (
        <div class="remark">
          <Icon name="warning" />
          <p>{texts.request.missedTarget(missed)}</p>
          <button type="button" onClick={() => showImages({ show: 'noted' })}>
            {texts.failures.show(missed)}
          </button>
        </div>
      )}
    </>
  );
}
