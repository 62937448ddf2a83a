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
}

/** Where a sent notice can be found again. */
export interface NoticeRef {
  readonly channel: string;
  readonly id: string;
}

/** Tells people. A notice that could not be delivered is TIPOFF_NOTIFY, never silence. */
export interface Notifier {
  send(notice: Notice): Promise<NoticeRef>;
  update(ref: NoticeRef, notice: Notice): Promise<void>;
}
