import { useEffect } from 'preact/hooks';
import { listChannels } from '../state/file/channels.ts';
import type { Channel } from '../state/file/options.ts';
import { useStore } from '../state/store.ts';
import { texts } from '../texts.ts';
import { demandText } from '../texts-of-failures.ts';
import { madeInWords } from '../texts-of-options.ts';

/** What is made for the chosen channel, and what it asks for. */
export function ChannelDemands({ channel }: { channel: Channel }) {
  const chosen = useStore(({ channels }) => channels.find(({ name }) => name === channel));
  useEffect(() => void listChannels(), []);
  return (
    <>
      <p class="quiet small">{texts.options.ofChannel}</p>
      {chosen && <p class="small">{texts.options.made(madeInWords(chosen.options))}</p>}
      {chosen && <p class="small">{texts.options.demands(chosen.demands.map(demandText))}</p>}
    </>
  );
}
