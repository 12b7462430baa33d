import { useId, useState } from 'preact/hooks';
import type { EventType } from '../api/client.ts';
import type { CallError } from '../api/errors.ts';
import { Problem } from '../parts/problem.tsx';
import type { WebhookFields } from '../state/webhooks/webhooks.ts';
import { texts } from '../texts.ts';

const { webhooks: words } = texts;
const EVENT_TYPES = Object.keys(words.eventNames) as EventType[];

interface WebhookFormProps {
  given: WebhookFields;
  /** Of the button that sends it. */
  label: string;
  /** Gives what was wrong, or null. */
  send: (fields: WebhookFields) => Promise<CallError | null>;
  cancel?: () => void;
}

/** The address of a webhook, a note, and for what it is called. */
export function WebhookForm({ given, label, send, cancel }: WebhookFormProps) {
  const [fields, setFields] = useState(given);
  const [error, setError] = useState<CallError | null>(null);
  const problemId = useId();
  const isOfUrl = error?.code.startsWith('WEBHOOK_URL');
  const set = (changes: Partial<WebhookFields>): void => setFields({ ...fields, ...changes });
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (fields.eventTypes.length > 0) setError(await send(fields));
  };
  return (
    <form class="stack webhook-form" onSubmit={(event) => void submit(event)}>
      <div class="toolbar">
        <label class="field grow">
          {words.url}
          <input
            type="url"
            required
            aria-invalid={isOfUrl}
            aria-describedby={isOfUrl ? problemId : undefined}
            placeholder={words.urlStart}
            value={fields.url}
            onInvalid={({ currentTarget: input }) => input.setCustomValidity(words.wrongUrl)}
            onInput={({ currentTarget: input }) => {
              input.setCustomValidity('');
              set({ url: input.value });
            }}
          />
        </label>
        <label class="field">
          {words.description}
          <input
            value={fields.description}
            maxLength={500}
            onInput={(event) => set({ description: event.currentTarget.value })}
          />
        </label>
      </div>
      <EventTypes chosen={fields.eventTypes} choose={(eventTypes) => set({ eventTypes })} />
      <div class="buttons">
        <button type="submit" class="primary" disabled={fields.eventTypes.length === 0}>
          {label}
        </button>
        {cancel && (
          <button type="button" onClick={cancel}>
            {texts.cancel}
          </button>
        )}
      </div>
      {error && <Problem error={error} id={problemId} />}
    </form>
  );
}

interface EventTypesProps {
  chosen: EventType[];
  choose: (types: EventType[]) => void;
}

function EventTypes({ chosen, choose }: EventTypesProps) {
  return (
    <fieldset>
      <legend>{words.events}</legend>
      <div class="event-types">
        {EVENT_TYPES.map((type) => (
          <label key={type} class="check">
            <input
              type="checkbox"
              checked={chosen.includes(type)}
              onChange={({ currentTarget: { checked } }) =>
                choose(EVENT_TYPES.filter((each) => (each === type ? checked : chosen.includes(each))))
              }
            />
            {words.eventNames[type]}
          </label>
        ))}
      </div>
      <p class="bad small" role="status">
        {chosen.length === 0 && words.noEvent}
      </p>
    </fieldset>
  );
}
