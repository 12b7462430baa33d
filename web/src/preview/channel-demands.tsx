import { useEffect } from 'preact/hooks';
import { listChannels } from '../state/file/channels.ts';
import type { Channel } from '../state/file/options.ts';
import { useStore } from '../state/store.ts';
import { texts } from '../texts.ts';
import { demandText } from '../texts-of-failures.ts';

/** What the chosen channel asks for. */
export function ChannelDemands({ channel }: { channel: Channel }) {
  const demands = useStore(({ channels }) => channels.find(({ name }) => name === channel)?.demands);
  useEffect(() => void listChannels(), []);
  return (
    <>
      <p class="quiet small">{texts.options.ofChannel}</p>
      {demands && <p class="small">{texts.options.demands(demands.map(demandText))}</p>}
    </>
  );
}
