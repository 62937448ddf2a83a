import { TipoffError } from '#core/errors.ts';
import type { Notice, Severity } from '#platform/notify/port.ts';

/** Which channel a notice goes to. The first rule that fits wins; without one the default. */
export interface ChannelRules {
  readonly default: string;
  readonly rules: readonly ChannelRule[];
}

interface ChannelRule {
  readonly severity?: Severity;
  readonly phase?: string;
  readonly channel: string;
}

export const DEFAULT_CHANNEL = '#canary-alerts';
const SEVERITIES: readonly string[] = ['info', 'success', 'warning', 'error', 'critical', 'resolved'];
const CHANNEL = /^(#[\p{Ll}\p{N}_-]{1,80}|[CGD][A-Z0-9]{6,})$/u;

/**
 * Reads rules from text: comma-separated `who=channel`, where `who` is a severity, a phase or `phase/severity`, for
 * example `predict/critical=#nba-predictions,warning=#nba-alerts`. More specific rules come first. TIPOFF_BAD_INPUT
 * for anything else, so that no alert is lost to a typing error.
 */
export function parseChannels(text: string, fallback: string = DEFAULT_CHANNEL): ChannelRules {
  checkChannel(fallback);
  const rules = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part): ChannelRule => {
      const [who, channel, ...rest] = part.split('=').map((piece) => piece.trim());
      if (who === undefined || who === '' || channel === undefined || rest.length > 0) throw badRule(part);
      checkChannel(channel);
      const names = who.split('/');
      if (names.length > 2) throw badRule(part);
      const [first = '', second] = names;
      if (second === undefined)
        return SEVERITIES.includes(first)
          ? { severity: first as Severity, channel }
          : { phase: first, channel };
      if (!SEVERITIES.includes(second)) throw badRule(part);
      return { phase: first, severity: second as Severity, channel };
    });
  return { default: fallback, rules: rules.toSorted((a, b) => exactness(b) - exactness(a)) };
}

/** The channel of a notice. (A resolved notice edits its message where that was posted, by its reference.) */
export function channelOf(rules: ChannelRules, notice: Pick<Notice, 'severity' | 'phase'>): string {
  const fits = (rule: ChannelRule): boolean =>
    (rule.severity === undefined || rule.severity === notice.severity) &&
    (rule.phase === undefined || rule.phase === notice.phase);
  return rules.rules.find(fits)?.channel ?? rules.default;
}

/** Whom a problem mentions: the owner of its phase, or under `*` the owner of all other phases. */
export type Owners = ReadonlyMap<string, string>;

/**
 * Reads owners from text: comma-separated `phase=ID`, with `*` for the other phases, where the id is that of a person (`U…`, `W…`)
 * or of a group (`S…`). TIPOFF_BAD_INPUT for anything else: mentioning a name notifies nobody.
 */
export function parseOwners(text: string): Owners {
  const parts = text.split(',').map((part) => part.trim());
  return new Map(
    parts
      .filter((part) => part !== '')
      .map((part): [string, string] => {
        const [, who, id] = /^([a-z]+|\*)\s*=\s*([UWS][A-Z0-9]{6,})$/.exec(part) ?? [];
        if (who === undefined || id === undefined)
          throw new TipoffError('TIPOFF_BAD_INPUT', `expected an owner as phase=ID or *=ID, saw "${part}"`, {
            hint: 'Copy the id from the profile in Slack (Copy member ID), for example predict=U024BE7LH,*=S0614TZR7.',
            details: { rule: part },
          });
        return [who, id.startsWith('S') ? `<!subteam^${id}>` : `<@${id}>`];
      }),
  );
}

function exactness(rule: ChannelRule): number {
  return (rule.phase === undefined ? 0 : 2) + (rule.severity === undefined ? 0 : 1);
}

function checkChannel(channel: string): void {
  if (CHANNEL.test(channel)) return;
  throw new TipoffError('TIPOFF_BAD_INPUT', `expected a Slack channel as #name or an id, saw "${channel}"`, {
    hint: 'Write the channel as it is called in Slack, for example #canary-alerts.',
    details: { channel },
  });
}

function badRule(part: string): TipoffError {
  return new TipoffError(
    'TIPOFF_BAD_INPUT',
    `expected a channel rule as severity=#channel, phase=#channel or phase/severity=#channel, saw "${part}"`,
    {
      hint: 'For example predict/critical=#nba-predictions,warning=#nba-alerts.',
      details: { rule: part },
    },
  );
}
