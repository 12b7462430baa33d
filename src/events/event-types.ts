/** What a subscription can ask for. */
export const EVENT_TYPES = ['request.processing', 'request.completed', 'image.failed'] as const;

export type EventType = (typeof EVENT_TYPES)[number];

/** What it gets where it asks for nothing: one file may have a million images that fail. */
export const DEFAULT_EVENT_TYPES: EventType[] = ['request.processing', 'request.completed'];

/** What the `webhook_url` of an upload is called for: whoever names one there waits for the end. */
export const UPLOAD_EVENT_TYPES: EventType[] = ['request.completed'];

/** Sent when a user asks for it, to one subscription, whatever it wants. */
export const PING = 'ping';
