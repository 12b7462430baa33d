/** The types of events that a subscription can ask for. */
export const EVENT_TYPES = [
  'request.processing',
  'request.completed',
  'request.cancelled',
  'image.failed',
] as const;

export type EventType = (typeof EVENT_TYPES)[number];

/** Those about single images. */
export const IMAGE_EVENT_TYPES: EventType[] = ['image.failed'];

/** What a subscription gets that asks for nothing: one file may have a million images that fail. */
export const DEFAULT_EVENT_TYPES: EventType[] = [
  'request.processing',
  'request.completed',
  'request.cancelled',
];

/** What the `webhook_url` of an upload is called for: its sender waits for the end. */
export const UPLOAD_EVENT_TYPES: EventType[] = ['request.completed', 'request.cancelled'];

/** Sent on demand to one subscription, also where it asks for other types only. */
export const PING = 'ping';
