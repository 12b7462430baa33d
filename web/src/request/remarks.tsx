import type { Image, Request } from '../api/client.ts';
import { Icon } from '../parts/icon.tsx';
import { texts } from '../texts.ts';
import { warningText } from '../texts-of-failures.ts';
import { showImages } from './show-images.ts';

/** What is to be known of a file before it is used, although nothing has failed. */
export function Remarks({ request, images }: { request: Request; images: Image[] }) {
  const ofFile = request.warnings.items.filter(({ column, value }) => !column && !value);
  const unfit = images.filter(({ fits }) => fits === false).length;
  const missed = images.filter(({ notes }) => notes.includes('target_not_reached')).length;
  return (
    <>
      {ofFile.map(({ code, hint }) => (
        <Remark key={code} text={warningText(code, hint)} />
      ))}
      {request.faults > 0 && <Remark text={texts.request.leftOut(request.faults)} />}
      {unfit > 0 && <Remark text={texts.request.unfit(unfit)} show="unfit" count={unfit} />}
      {missed > 0 && <Remark text={texts.request.missedTarget(missed)} show="noted" count={missed} />}
    </>
  );
}

/** `show`: the filter that lists the images that are meant. */
function Remark({ text, show, count = 0 }: { text: string; show?: string; count?: number }) {
  return (
    <div class="remark">
      <Icon name="warning" />
      <p>{text}</p>
      {show && (
        <button type="button" onClick={() => showImages({ show })}>
          {texts.failures.show(count)}
        </button>
      )}
    </div>
  );
}
