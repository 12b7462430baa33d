import { useState } from 'preact/hooks';
import { isListOfWidths, widthsOf } from '../state/file/options.ts';
import { chooseOptions } from '../state/file/take-file.ts';
import { useStore } from '../state/store.ts';
import { texts } from '../texts.ts';

type Name = 'sizes' | 'imageName';

const BY_PRODUCT = '{product}-{n}';

/** In which widths the pictures are made as well, in words. */
export function SizesField() {
  const sizes = useStore((state) => state.options.sizes);
  const widths = widthsOf(sizes);
  return (
    <div>
      <Choice
        name="sizes"
        label={texts.forms.sizes}
        choices={texts.forms.sizeChoices}
        ownLabel={texts.forms.ownSizes}
        isRight={isListOfWidths}
      />
      {widths.length > 0 && <p class="quiet small">{texts.forms.inWords(widths)}</p>}
    </div>
  );
}

/** What results are called in their addresses and in the ZIP; names of products are proposed where the file has them. */
export function ImageNameField({ hasProducts }: { hasProducts: boolean }) {
  const name = useStore((state) => state.options.imageName);
  const take = ({ currentTarget: button }: { currentTarget: HTMLElement }): void => {
    button.parentElement!.querySelector('select')!.focus(); // the button goes
    chooseOptions({ imageName: BY_PRODUCT });
  };
  return (
    <div class="image-name">
      <Choice
        name="imageName"
        label={texts.forms.imageName}
        choices={texts.forms.imageNames}
        ownLabel={texts.forms.ownImageName}
        isRight={() => true}
      />
      {hasProducts && name === '' && (
        <button type="button" onClick={take}>
          {texts.forms.byProduct}
        </button>
      )}
    </div>
  );
}

interface ChoiceProps {
  name: Name;
  label: string;
  /** By what is sent; `own` opens a field for another text. */
  choices: Record<string, string>;
  ownLabel: string;
  /** Whether a text can be taken. */
  isRight: (text: string) => boolean;
}

/** A few choices in words, and a text of one's own. */
function Choice({ name, label, choices, ownLabel, isRight }: ChoiceProps) {
  const value = useStore((state) => state.options[name]);
  const [isOwn, setOwn] = useState(!(value in choices));
  const set = (text: string): void => chooseOptions({ [name]: text });
  return (
    <div class="fields">
      <label class="field">
        {label}
        <select
          value={isOwn ? 'own' : value}
          onChange={({ currentTarget: select }) => {
            setOwn(select.value === 'own');
            if (select.value !== 'own') set(select.value);
          }}
        >
          {Object.entries(choices).map(([key, text]) => (
            <option key={key} value={key}>
              {text}
            </option>
          ))}
        </select>
      </label>
      {isOwn && (
        <label class="field">
          {ownLabel}
          <input
            value={value}
            onChange={({ currentTarget: input }) => {
              const text = input.value.trim();
              input.setCustomValidity(text === '' || isRight(text) ? '' : texts.forms.wrongSizes);
              if (input.reportValidity()) set(text);
            }}
          />
        </label>
      )}
    </div>
  );
}
