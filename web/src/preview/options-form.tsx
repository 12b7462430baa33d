import type { DryRun } from '../api/client.ts';
import { areRemembered, type Channel, channelOf, type Options, USUAL } from '../state/file/options.ts';
import { chooseOptions } from '../state/file/take-file.ts';
import { useStore } from '../state/store.ts';
import { texts } from '../texts.ts';
import { choicesInWords } from '../texts-of-options.ts';
import { ChannelDemands } from './channel-demands.tsx';
import { ImageNameField, SizesField } from './forms-fields.tsx';

const IN_WORDS = ['half', 'light', 'bytes'] as const;
const IN_NUMBERS = ['quality', 'similarity'] as const;
const SIDES = [0, 2560, 2048, 1600, 1200, 800, 400];

const set = chooseOptions;

/** How small the images shall become: in words, with the numbers one click behind. */
export function OptionsForm({ survey: { profile, columns } }: { survey: DryRun }) {
  const options = useStore((state) => state.options);
  const isOpen = options.channel === 'any' && options.preset === '';
  return (
    <form class="options card" onSubmit={(event) => event.preventDefault()}>
      <h2 class="unseen">{texts.options.heading}</h2>
      <Remembered options={options} />
      <label class="field">
        {texts.options.channel}
        <Destination options={options} />
      </label>
      {isOpen && <Proposal profile={profile} />}
      {isOpen && <Aims options={options} />}
      {options.preset !== '' && <Kept name={options.preset} />}
      {options.preset === '' && !isOpen && <ChannelDemands channel={options.channel} />}
      {options.preset === '' && <SizesField />}
      <ImageNameField hasProducts={columns.some(({ role }) => role === 'product')} />
    </form>
  );
}

/** What is chosen because it was at the last start: a part of it is far down in the form. */
function Remembered({ options }: { options: Options }) {
  const choices = choicesInWords(options);
  if (choices.length === 0 || !areRemembered(options)) return null;
  const reset = ({ currentTarget: button }: { currentTarget: HTMLElement }): void => {
    button.closest('form')!.querySelector('select')!.focus(); // the button goes
    set(USUAL);
  };
  return (
    <div class="row small">
      <p>{texts.options.notUsual(choices)}</p>
      <button type="button" onClick={reset}>
        {texts.options.usual}
      </button>
    </div>
  );
}

/** The shop or marketplace that the file comes from, where images are made for it. */
function Proposal({ profile }: { profile: DryRun['profile'] }) {
  const channel = channelOf(profile?.id);
  if (!channel) return null;
  const take = ({ currentTarget: button }: { currentTarget: HTMLElement }): void => {
    button.closest('form')!.querySelector<HTMLElement>('label select')!.focus(); // the button goes
    set({ channel });
  };
  return (
    <button type="button" onClick={take}>
      {texts.options.makeFor(texts.options.channels[channel])}
    </button>
  );
}

/** Before the name of a preset, in the values of the list. */
const OWN = 'own:';

/** Channels, and presets by their names. */
function Destination({ options }: { options: Options }) {
  const presets = useStore((state) => state.presets);
  const choose = (value: string): void =>
    set(
      value.startsWith(OWN) ? { preset: value.slice(OWN.length) } : { preset: '', channel: value as Channel },
    );
  return (
    <select
      value={options.preset === '' ? options.channel : OWN + options.preset}
      onChange={(event) => choose(event.currentTarget.value)}
    >
      {Object.entries(texts.options.channels).map(([name, text]) => (
        <option key={name} value={name}>
          {text}
        </option>
      ))}
      {presets.length > 0 && (
        <optgroup label={texts.forms.own}>
          {presets.map(({ name }) => (
            <option key={name} value={OWN + name}>
              {name}
            </option>
          ))}
        </optgroup>
      )}
    </select>
  );
}

function Kept({ name }: { name: string }) {
  const presets = useStore((state) => state.presets);
  const preset = presets.find((each) => each.name === name);
  if (!preset) return null;
  return <p class="quiet small">{texts.forms.ofPreset(inWords(preset.options))}</p>;
}

/** Fields as they are, since a preset may have such as this page has no words for. */
function inWords(options: Record<string, unknown>): string {
  const textOf = (value: unknown): string =>
    Array.isArray(value)
      ? value.map((each) => (each as { name?: string }).name ?? String(each)).join(', ')
      : String(value);
  return Object.entries(options)
    .map(([field, value]) => `${field.replaceAll('_', ' ')} ${textOf(value)}`)
    .join('; ');
}

function Aims({ options }: { options: Options }) {
  const { aim } = options;
  return (
    <>
      <fieldset>
        <legend>{texts.options.title}</legend>
        <div class="aims">
          {IN_WORDS.map((name) => (
            <Aim key={name} name={name} group="aim" isChosen={aim === name} />
          ))}
        </div>
        {aim === 'bytes' && (
          <NumberField name="kilobytes" value={options.kilobytes} min={1} max={999_999} step={1} />
        )}
      </fieldset>
      <details open={aim === 'quality' || aim === 'similarity'}>
        <summary>{texts.options.numbers}</summary>
        <div class="aims" role="radiogroup" aria-label={texts.options.inNumbers}>
          {IN_NUMBERS.map((name) => (
            <Aim key={name} name={name} group="aim-in-numbers" isChosen={aim === name} />
          ))}
        </div>
        {aim === 'quality' && (
          <NumberField name="quality" value={options.quality} min={1} max={100} step={1} />
        )}
        {aim === 'similarity' && (
          <NumberField name="similarity" value={options.similarity} min={0.9} max={1} step={0.005} />
        )}
        <div class="fields">
          <Choice name="format" value={options.format} texts={texts.options.formats} />
          <label class="field">
            {texts.options.side}
            <select
              value={options.side}
              onChange={(event) => set({ side: Number(event.currentTarget.value) })}
            >
              {[...new Set([...SIDES, options.side])].map((side) => (
                <option key={side} value={side}>
                  {texts.options.sides(side)}
                </option>
              ))}
            </select>
          </label>
          <Choice name="effort" value={options.effort} texts={texts.options.efforts} />
          <Choice name="metadata" value={options.metadata} texts={texts.options.metadatas} />
        </div>
      </details>
    </>
  );
}

interface AimProps {
  name: Options['aim'];
  /** Tab stops once in a group: those that stand further down are a group of their own, or it would pass them. */
  group: string;
  isChosen: boolean;
}

function Aim({ name, group, isChosen }: AimProps) {
  const [title, lead] = texts.options.aims[name];
  return (
    <label class="aim">
      <input type="radio" name={group} checked={isChosen} onChange={() => set({ aim: name })} />
      <span>
        <strong>{title}</strong>
        <span class="quiet small">{lead}</span>
      </span>
    </label>
  );
}

interface NumberFieldProps {
  name: 'kilobytes' | 'quality' | 'similarity';
  value: number;
  min: number;
  max: number;
  step: number;
}

/** What is no number in the range is not taken, and the field says so as browsers do. */
function NumberField({ name, value, ...range }: NumberFieldProps) {
  return (
    <label class="field aim-number">
      {texts.options[name]}
      <input
        type="number"
        required
        {...range}
        step={name === 'similarity' ? 'any' : range.step}
        value={value}
        onInput={({ currentTarget: input }) => {
          if (input.validity.valid && input.value) set({ [name]: input.valueAsNumber });
          else input.reportValidity();
        }}
      />
    </label>
  );
}

interface ChoiceProps {
  name: 'format' | 'effort' | 'metadata';
  value: string;
  texts: Record<string, string>;
}

function Choice({ name, value, texts: words }: ChoiceProps) {
  return (
    <label class="field">
      {texts.options[name]}
      <select value={value} onChange={(event) => set({ [name]: event.currentTarget.value })}>
        {Object.entries(words).map(([word, text]) => (
          <option key={word} value={word}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}
