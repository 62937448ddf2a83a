export type Severity = 'info' | 'success' | 'warning' | 'error' | 'critical' | 'resolved';

/** A message for people. Renderers decide how it looks. */
export interface Notice {
  /** Notices with one key are one message that is updated. */
  readonly key: string;
  /** `resolved` ends a problem that was reported; `success` is good news about something that never was one. */
  readonly severity: Severity;
  readonly title: string;
  readonly lines: readonly string[];
  /** The command or workflow that repairs. */
  readonly repair?: string;
  readonly runbook?: string;
  /** Id of the incident it is about, for the commands that acknowledge it. */
  readonly incident?: string;
  /** Phase of the pipeline; with the severity it decides the channel. */
  readonly phase?: string;
  /** Only for a reply: true when it should also be shown in the channel, not only in the thread. */
  readonly isBroadcast?: boolean;
}

/** Where a sent notice can be found again. */
export interface NoticeRef {
  readonly channel: string;
  readonly id: string;
}

/** A notice that was sent. */
export interface SentNotice extends NoticeRef {
  /** A problem with the delivery and what to do about it, in a sentence: for example, that people may see it twice. */
  readonly warning?: string;
}

/**
 * Delivers notices to people. A notice that could not be delivered throws TIPOFF_NOTIFY. Code that reports something does not
 * call this directly: it posts to the outbox.
 */
export interface Notifier {
  /** True when a reference belongs to this kind of notifier. A notice sent by another kind cannot be edited, only sent again. */
  owns(ref: NoticeRef): boolean;
  send(notice: Notice): Promise<SentNotice>;
  /** Changes a sent notice in place. TIPOFF_NOTIFY with `details.is_gone` when there is no such message any more. */
  update(ref: NoticeRef, notice: Notice): Promise<void>;
  /** Adds to a sent notice, in its thread. TIPOFF_NOTIFY with `details.is_gone` when the thread is not there any more. */
  reply(ref: NoticeRef, notice: Notice): Promise<SentNotice>;
  /**
   * The reference of a notice or reply that was sent but whose answer was lost, by its key; undefined when there is none.
   * TIPOFF_NOTIFY when that cannot be found out; with `details.cannot_search` when it never can be without a person's help,
   * such as a missing permission.
   */
  find(notice: Notice, thread?: NoticeRef): Promise<NoticeRef | undefined>;
}
