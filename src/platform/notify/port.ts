export type Severity = 'info' | 'success' | 'warning' | 'error' | 'critical' | 'resolved';

/** One thing worth telling a person. Renderers decide how it looks. */
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
  /** The incident that it is about, as people name it when they take it on. */
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
  /** What is doubtful about it and what to do, in a sentence: that people may see it twice, for example. */
  readonly warning?: string;
}

/**
 * The channel between Tipoff and people, as adapters provide it. A notice that could not be delivered is TIPOFF_NOTIFY,
 * never silence. Code that reports something does not call this: it posts to the outbox.
 */
export interface Notifier {
  /** Whether a reference is of this kind of notifier. What another kind has sent cannot be changed here, only sent anew. */
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
