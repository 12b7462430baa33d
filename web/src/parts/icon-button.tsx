import { Icon, type IconName } from './icon.tsx';

interface IconButtonProps {
  icon: IconName;
  /** What it does, to what: read aloud, and shown where the mouse rests. */
  label: string;
  act: () => void;
}

/** A button that is only a small picture. */
export function IconButton({ icon, label, act }: IconButtonProps) {
  return (
    <button type="button" class="icon-button" data-same={icon} aria-label={label} title={label} onClick={act}>
      <Icon name={icon} />
    </button>
  );
}
