import type { Delivery, EventType } from './api/client.ts';
import { count } from './parts/format.ts';

/** The texts of the page of webhooks. */
export const textsOfWebhooks = {
  title: 'Webhooks',
  lead: 'Addresses of your programs that are called when a file is done.',
  none: 'No webhooks yet: nobody is called.',
  url: 'Address that is called',
  urlStart: 'https://…',
  wrongUrl: 'Write the whole address. Begin with https://',
  description: 'Note (if you like)',
  events: 'When is it called?',
  eventNames: {
    'request.processing': 'Work on a file begins',
    'request.completed': 'A file is done',
    'request.cancelled': 'A file was cancelled',
    'image.failed': 'An image has failed: as often as there are such images',
  } satisfies Record<EventType, string>,
  noEvent: 'Choose at least one.',
  add: 'Add',
  change: 'Change',
  changeNamed: (url: string) => `Change ${url}`,
  save: 'Save',
  secret:
    'The secret that signs what is sent. Keep it now: when it is hidden, or this page is loaded again, nobody is shown it any more:',
  copy: 'Copy the secret',
  copyNamed: (url: string) => `Copy the secret of ${url}`,
  copied: 'The secret was copied.',
  selected: 'The secret is selected: copy it with Ctrl C.',
  hide: 'Hide the secret',
  hideNamed: (url: string) => `Hide the secret of ${url}`,
  test: 'Test',
  testNamed: (url: string) => `Test ${url}`,
  deliveries: 'Deliveries',
  deliveriesNamed: (url: string) => `Deliveries to ${url}`,
  noDeliveries: 'Nothing has been sent yet.',
  actOn: (act: string, url: string) => `${act} ${url}`,
  stop: 'Stop',
  start: 'Start again',
  stopped: 'Stopped: nothing is sent.',
  removeNamed: (url: string) => `Remove ${url}`,
  sure: (url: string) => `Remove ${url} for good?`,
  saved: 'The changes are saved.',
  isTested: (url: string) => `A test is being sent to ${url}. The answer will stand below it.`,
  testEnded: (isDelivered: boolean, answer: string) =>
    isDelivered ? 'The test was delivered.' : `The test was not delivered: ${answer}`,
  isSentAgain: 'It is being sent again.',
  sentAgainEnded: (isDelivered: boolean, answer: string) =>
    `It was ${isDelivered ? '' : 'not '}delivered: ${answer}`,
  isStopped: (url: string) => `Stopped: nothing is sent to ${url}.`,
  isStarted: (url: string) => `${url} is called again from now on.`,
  isRemoved: (url: string) => `${url} was removed.`,
  when: 'When',
  event: 'What',
  state: 'State',
  answer: 'Answer',
  again: 'Again',
  redeliver: 'Send again',
  redeliverNamed: (event: string, time: string) => `Send again: ${event} of ${time}`,
  states: { pending: 'Waiting', sending: 'Sending', delivered: 'Delivered', failed: 'Failed' },
  /** To the last try. */
  answerTo: ({ tries }: Delivery) => {
    const last = tries.at(-1);
    return last && (last.error?.message ?? `${last.status}, after ${count(last.duration_ms)} ms`);
  },
};
