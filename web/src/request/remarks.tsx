import type { Image, Request } from '../api/client.ts';
import { Icon } from '../parts/icon.tsx';
import { UNLIKE } from '../parts/likeness.ts';
import { texts } from '../texts.ts';
import { warningText } from '../texts-of-failures.ts';
import { LARGER } from './select-images.ts';
import { showImages } from './show-images.ts';

/** What is to be known of a file before it is used, although nothing has failed. */
export function Remarks({ request, images }: { request: Request; images: Image[] }) {
  const ofFile = request.warnings.items.filter(({ column, value }) => !column && !value);
  const unfit = images.filter(({ fits }) => fits === false).length;
  const larger = images.filter(({ notes }) => notes.includes(LARGER)).length;
  const missed = images.filter(({ notes }) => notes.includes('target_not_reached')).length;
  const unlike = images.filter(({ status, similarity }) => status === 'done' && (similarity ?? 1) < UNLIKE);
  const { show, showWorst } = texts.failures;
  return (
    <>
      {unlike.length > 0 && (
        <Remark
          text={texts.request.unlike(unlike.length, 100 * UNLIKE)}
          filter={{ sort: 'worst' }}
          name={showWorst}
        />
      )}
      {ofFile.map(({ code, hint }) => (
        <Remark key={code} text={warningText(code, hint)} />
      ))}
      {request.faults > 0 && (
        <Remark text={texts.request.leftOut(request.faults, request.links.output_xlsx !== null)} />
      )}
      {unfit > 0 && (
        <Remark text={texts.request.unfit(unfit)} filter={{ show: 'unfit' }} name={show(unfit)} />
      )}
      {larger > 0 && (
        <Remark text={texts.request.grown(larger)} filter={{ show: 'larger' }} name={show(larger)} />
      )}
      {missed > 0 && (
        <Remark text={texts.request.missedTarget(missed)} filter={{ show: 'noted' }} name={show(missed)} />
      )}
    </>
  );
}

interface RemarkProps {
  text: string;
  /** Lists the images that are meant; `name`: of its button. */
  filter?: Record<string, string>;
  name?: string;
}

function Remark({ text, filter, name }: RemarkProps) {
  return (
    <div class="remark">
      <Icon name="warning" />
      <p>{text}</p>
      {filter && (
        <button type="button" onClick={() => showImages(filter)}>
          {name}
        </button>
      )}
    </div>
  );
}
