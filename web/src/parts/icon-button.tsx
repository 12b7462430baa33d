import { Icon, type IconName } from './icon.tsx';

interface IconButtonProps {
  icon: IconName;
  /** What it does, to what: its title, which names it; a name of its own would be read besides the title. */
  label: string;
  act: () => void;
  /** Which control of the next entry gets the focus where this one goes with its entry: by its `data-same`, else the same one. */
  next?: string;
}

/** A button that is only a small picture. */
export function IconButton({ icon, label, act, next }: IconButtonProps) {
  return (
    <button type="button" class="icon-button" data-same={icon} data-next={next} title={label} onClick={act}>
      <Icon name={icon} />
    </button>
  );
}
