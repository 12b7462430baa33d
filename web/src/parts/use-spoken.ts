import { useEffect, useRef } from 'preact/hooks';
import { announce } from '../state/notices.ts';

/** Nobody who writes is talked over: what is typed is read aloud, too. */
const QUIET_MS = 1000;

/**
 * Has a text read aloud each time it becomes another one, when nothing was typed or changed for a while; an empty one is nothing to say.
 * @param topic where given, what is new of it after it was read once is no news
 */
export function useSpoken(text: string, topic?: string): void {
  const told = useRef<string | undefined>(undefined);
  useEffect(() => {
    if (text === '' || (topic !== undefined && told.current === topic)) return;
    let timer: ReturnType<typeof setTimeout>;
    const end = (): void => {
      clearTimeout(timer);
      removeEventListener('input', wait);
    };
    const say = (): void => {
      end();
      told.current = topic;
      announce(text);
    };
    const wait = (): void => {
      clearTimeout(timer);
      timer = setTimeout(say, QUIET_MS);
    };
    addEventListener('input', wait);
    wait();
    return end;
  }, [text]);
}
