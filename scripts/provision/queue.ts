import {
  accountEmail,
  DEAD_LETTERS,
  type Installation,
  PROBES,
  serviceAddress,
  UNITS,
} from './installation.ts';
import { exists, gcloud, type Step } from './step.ts';

/** Deliveries before Pub/Sub itself puts a message aside: more than the queue's own limit, which parks it with a reason. */
const MAX_DELIVERIES = 10;

/** Topics and subscriptions that exist before anybody is given a role on them. */
export function queueSteps(installation: Installation): Step[] {
  const inProject = `--project=${installation.project}`;
  const topic = (name: string): Step => ({
    title: `topic ${name}`,
    look: gcloud('pubsub', 'topics', 'describe', name, inProject, '--format=json'),
    stands: exists,
    make: gcloud('pubsub', 'topics', 'create', name, inProject),
  });
  const subscription = (name: string, of: string, about: string, ...flags: string[]): Step => ({
    title: `subscription ${name}, ${about}`,
    look: gcloud('pubsub', 'subscriptions', 'describe', name, inProject, '--format=json'),
    stands: exists,
    make: gcloud(
      'pubsub',
      'subscriptions',
      'create',
      name,
      inProject,
      `--topic=${of}`,
      '--expiration-period=never',
      ...flags,
    ),
  });
  const worker = serviceAddress(installation, 'worker');
  return [
    topic(UNITS),
    topic(DEAD_LETTERS),
    topic(PROBES),
    // Jobs and the command line pull; what the worker was pushed and finished is acknowledged unread, or forgotten.
    subscription(UNITS, UNITS, 'pulled by jobs', '--ack-deadline=60', '--message-retention-duration=1h'),
    subscription(
      `${UNITS}-push`,
      UNITS,
      'pushed to the worker',
      ...[
        `--push-endpoint=${worker}/predict`,
        `--push-auth-service-account=${accountEmail(installation, 'push')}`,
      ],
      ...[`--push-auth-token-audience=${worker}`, '--ack-deadline=120', '--message-retention-duration=1h'],
      ...[`--dead-letter-topic=${DEAD_LETTERS}`, `--max-delivery-attempts=${MAX_DELIVERIES}`],
      ...['--min-retry-delay=10s', '--max-retry-delay=60s'],
    ),
    subscription(
      PROBES,
      PROBES,
      'taken by deep health',
      '--ack-deadline=10',
      '--message-retention-duration=10m',
    ),
    subscription(
      DEAD_LETTERS,
      DEAD_LETTERS,
      'kept for people',
      '--ack-deadline=60',
      '--message-retention-duration=7d',
    ),
  ];
}
