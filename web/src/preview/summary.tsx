import type { DryRun } from '../api/client.ts';
import { count } from '../parts/format.ts';
import { isWorkbook } from '../state/file/mend-file.ts';
import { texts } from '../texts.ts';

const HOSTS_NAMED = 3;

/** The file in numbers. */
export function Summary({ survey }: { survey: DryRun }) {
  const { rows, rows_without_images: empty, images, distinct_urls: distinct, hosts, faults } = survey;
  const lines = survey.lines_without_images;
  const named = hosts.items.slice(0, HOSTS_NAMED).map(({ host }) => host);
  const more = hosts.total - named.length;
  return (
    <dl class="figures">
      <Figure
        name={texts.preview.rows}
        value={rows}
        note={[
          ...(empty > 0 ? [texts.rows.without(empty, lines, isWorkbook(survey))] : []),
          ...(faults.total > 0 ? [texts.preview.rowsFaulty(faults.total)] : []),
        ].join(', ')}
      />
      <Figure
        name={texts.preview.images}
        value={images}
        note={distinct < images ? texts.preview.distinct(distinct) : ''}
      />
      <Figure
        name={texts.preview.hosts}
        value={hosts.total}
        note={named.join(', ') + (more > 0 ? ` ${texts.preview.more(more)}` : '')}
      />
    </dl>
  );
}

function Figure({ name, value, note }: { name: string; value: number; note: string }) {
  return (
    <div class="figure">
      <dt>{name}</dt>
      <dd>
        <span class="figure-value">{count(value)}</span> <span class="quiet small">{note}</span>
      </dd>
    </div>
  );
}
