/** The places where codes occur, as the page has them, in its order. */
const SECTIONS = [
  ['call', 'Answers to calls', '`code` of the body `{"error", "code", "details"?}`.'],
  [
    'file',
    'Faults of a whole file',
    '`code` of the answer to the upload of a file of which nothing can be read, and of its one entry in `faults` of a dry run.',
  ],
  [
    'row',
    'Faults of rows',
    '`code` of an entry in `details` of a `CSV_INVALID`, in `faults` of a dry run and in `errors.csv`.',
  ],
  [
    'image',
    'Images',
    '`error.code` of an image, in `errors.csv` and in `failures` of a host. Those that are retryable are tried three times ' +
      'within some seconds.',
  ],
  ['delivery', 'Webhook deliveries', '`error_code` of a delivery, and `error.code` of each of its tries.'],
  ['webhook', 'Disabled webhooks', '`disabled_reason.code` of a webhook that the service has disabled.'],
];

const HTTP_STATUS = {
  sentence:
    'The server answered with this status, such as `HTTP_404`. Retryable are `HTTP_408`, `HTTP_425`, `HTTP_429` and `HTTP_5xx`.',
};

/** `docs/error-codes.md`, made of the registry in `src/errors`. */
export function errorCodesPage({ ERROR_CODES, IMAGE_NOTES, TABLE_REPAIRS }) {
  return [
    '# Codes',
    '<!-- Made of src/errors by `npm run openapi`; a test compares it. -->',
    'Codes never change; new ones may be added. The sentence may be more exact where there is a number or a name to tell. ' +
      'Retryable: the same can succeed later although nobody has changed anything.',
    ...SECTIONS.map((section) => errors(ERROR_CODES, ...section)),
    plain(
      'Repairs',
      '`code` of an entry in `repairs` of a dry run: what was read otherwise than it stands.',
      TABLE_REPAIRS,
    ),
    plain('Notes', '`notes` of an image that is done.', IMAGE_NOTES),
  ].join('\n\n');
}

function errors(codes, place, title, where) {
  const rows = Object.entries(codes)
    .filter(([, facts]) => facts.where.includes(place))
    .map(([code, facts]) => [
      `\`${code}\``,
      facts.status ?? '',
      facts.retryable ? 'yes' : 'no',
      facts.sentence,
    ]);
  if (place === 'image' || place === 'delivery') rows.push(['`HTTP_<status>`', '', '', HTTP_STATUS.sentence]);
  const hasStatus = rows.some(([, status]) => status !== '');
  return [
    `## ${title}`,
    where,
    hasStatus
      ? table(['code', 'status', 'retryable', 'meaning'], rows)
      : table(
          ['code', 'retryable', 'meaning'],
          rows.map(([code, , ...rest]) => [code, ...rest]),
        ),
  ].join('\n\n');
}

function plain(title, where, codes) {
  const rows = Object.entries(codes).map(([code, sentence]) => [`\`${code}\``, sentence]);
  return [`## ${title}`, where, table(['code', 'meaning'], rows)].join('\n\n');
}

function table(head, rows) {
  const line = (cells) => `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
