export type Severity = 'info' | 'warning' | 'error' | 'critical' | 'resolved';

/** One thing worth telling a person. Renderers decide how it looks. */
export interface Notice {
  /** Notices with one key are one message that is updated. */
  readonly key: string;
  readonly severity: Severity;
  readonly title: string;
  readonly lines: readonly string[];
  /** The command or workflow that repairs. */
  readonly repair?: string;
  readonly runbook?: string;
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

/** Tells people. A notice that could not be delivered is TIPOFF_NOTIFY, never silence. */
export interface Notifier {
  /** Whether a reference is of this kind of notifier. What another kind has sent cannot be changed here, only sent anew. */
  owns(ref: NoticeRef): boolean;
  send(notice: Notice): Promise<NoticeRef>;
  /** Changes a sent notice in place. */
  update(ref: NoticeRef, notice: Notice): Promise<void>;
  /** Says something below a sent notice, in its thread. */
  reply(ref: NoticeRef, notice: Notice): Promise<NoticeRef>;
  /**
   * The reference of a notice or reply that was sent but whose answer was lost, by its key; undefined when there is none.
   * TIPOFF_NOTIFY when that cannot be found out.
   */
  find(notice: Notice, thread?: NoticeRef): Promise<NoticeRef | undefined>;
}
