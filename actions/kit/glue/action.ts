import type { z } from 'zod';
import type { App } from '#app/compose.ts';
import type { Report } from '#core/check.ts';
import type { Clock } from '#platform/clock.ts';
import type { RunContext } from './context.ts';
import type { Gcloud } from './gcloud.ts';
import type { Http } from './http.ts';
import type { InputSchema } from './inputs.ts';
import type { Outputs } from './outputs.ts';
import type { Tipoff } from './tipoff.ts';

/** What an action may use of the world. */
export interface ActionDeps {
  readonly context: RunContext;
  readonly clock: Clock;
  readonly tipoff: Tipoff;
  /** Where the data lies: `embedded` is a folder of this machine. */
  readonly profile: string;
  /** Opens what the configuration names for one piece of work, and closes it whatever happens. */
  readonly withApp: <T>(command: string, work: (app: App) => Promise<T>) => Promise<T>;
  /** Calls a named party over HTTP, with retries. */
  readonly http: (who: string) => Http;
  /** Runs the command line of Google Cloud. */
  readonly gcloud: Gcloud;
  /** A line for the log. */
  readonly log: (text: string) => void;
  /** Another host than Slack's. */
  readonly slackUrl: string | undefined;
}

/** What an action has to say, and its outputs where they are not the ones it starts with. */
export interface ActionResult {
  readonly report: Report;
  readonly outputs?: Outputs;
}

/** One action: what it takes, what it gives when it cannot say otherwise, and what it does. */
export interface Action<S extends InputSchema = InputSchema> {
  readonly name: string;
  readonly title: string;
  readonly inputs: S;
  /** Outputs with the values that stand until the action knows better. */
  readonly outputs: Outputs;
  /** Hours without a run on schedule after which others must say that it is silent; absent when no schedule runs it. */
  readonly silentAfterHours?: number;
  readonly run: (inputs: z.output<S>, deps: ActionDeps) => Promise<ActionResult>;
}

/** An action with its inputs' types checked here and forgotten afterwards, so that actions fit into one table. */
export interface AnyAction {
  readonly name: string;
  readonly title: string;
  readonly inputs: InputSchema;
  readonly outputs: Outputs;
  readonly silentAfterHours: number | undefined;
  readonly begin: (
    environment: Readonly<Record<string, string | undefined>>,
  ) => (deps: ActionDeps) => Promise<ActionResult>;
}
