import type { Connection, EventEnvelope } from "./connection.ts";
import { NeuralDocFlowError } from "./errors.ts";
import type { ChannelSubscribed, Subscribed } from "./messages.ts";
import type { ProcessingResult } from "./schema.ts";
import type { Channel, ChannelEvent, JobEvent } from "./types.ts";
import { type Backoff, Listeners, pause } from "./waiting.ts";

/** Who is told of a job's events. */
export interface Follower {
  tell(event: JobEvent): void;
  fail(error: NeuralDocFlowError): void;
}

interface Following {
  offset: string | null;
  /** Ids of the events had: history and what is new may overlap. */
  seen: Set<string>;
}

interface FollowingJob extends Following {
  /** The offset it began after; none from the beginning. */
  from: string | null;
  followers: Set<Follower>;
  /** The events had, for those who join later. */
  past: JobEvent[];
}

type TellChannel = (event: ChannelEvent) => void;

interface FollowingChannel extends Following {
  filter: object;
  /** Who hears its events, each with whom to tell that some were missed for good: they are older than what the
   * service keeps. */
  listeners: Map<TellChannel, () => void>;
  fail(error: NeuralDocFlowError): void;
  /** Resolves when it is followed, or is not to be. */
  begun: Promise<void>;
}

interface WhenRefused {
  again(): unknown;
  refuse(error: NeuralDocFlowError): void;
}

const MOST_SEEN = 2000;
const BACKOFF: Backoff = { firstMs: 1_000, mostMs: 30_000 };
const FINISHED = ["completed", "partial", "failed"];

/** What is followed over one connection, jobs or channels, each with the offset it is at: after a reconnection
 * every one goes on there, so that no event is missed and none comes twice. Not both: the service tells an event
 * once a connection, and of a job's nobody knows whether they are its past; a channel's place would not go on. */
export class Subscriptions {
  readonly #connection: () => Connection | null;
  readonly #result: (job: string) => Promise<ProcessingResult>;
  readonly #jobs = new Map<string, FollowingJob>();
  readonly #channels = new Map<Channel, FollowingChannel>();
  /** What was refused in the present connection is asked for again after pauses. */
  readonly #pauses = new Set<ReturnType<typeof setTimeout>>();

  constructor(connection: () => Connection | null, result: (job: string) => Promise<ProcessingResult>) {
    this.#connection = connection;
    this.#result = result;
  }

  /** Follow a job until its result, from the beginning or after an offset. False where this takes another
   * connection: channels are followed, or it is followed from another place already. Over one connection the service
   * tells a job's events from one place on, and offsets do not say which of two is the earlier. */
  follow(job: string, follower: Follower, from: string | null = null): boolean {
    const known = this.#jobs.get(job);
    if (!this.mayFollowJobs || (known && known.from !== from)) return false;
    if (known) {
      known.followers.add(follower);
      for (const event of known.past) follower.tell(event);
      return true;
    }
    const place = { from, offset: from, seen: new Set<string>() };
    const following = { ...place, followers: new Set([follower]), past: [] };
    this.#jobs.set(job, following);
    if (this.#connection()?.isOpen) void this.#subscribe(job, following);
    return true;
  }

  /** A follower leaves; no error for one who is not here. */
  leave(job: string, follower: Follower): void {
    const following = this.#jobs.get(job);
    if (!following?.followers.delete(follower) || following.followers.size > 0) return;
    this.#jobs.delete(job);
    this.#ask("unsubscribe", { job_id: job });
  }

  /** Whether nothing is followed. */
  get isIdle(): boolean {
    return this.#jobs.size === 0 && this.#channels.size === 0;
  }

  /** Whether jobs can be followed over this connection. */
  get mayFollowJobs(): boolean {
    return this.#channels.size === 0;
  }

  /** Whether channels can be followed over this connection. */
  get mayFollowChannels(): boolean {
    return this.#jobs.size === 0;
  }

  /** Follow a channel from now on, or after an offset; who follows it already goes on to hear it too. Throws
   * NeuralDocFlowError where that is with another filter. */
  async followChannel(
    channel: Channel,
    filter: object,
    tell: TellChannel,
    fail: (error: NeuralDocFlowError) => void,
    gap: () => void,
  ): Promise<void> {
    const known = this.#channels.get(channel);
    if (known && JSON.stringify(known.filter) !== JSON.stringify(filter)) {
      const message = `The channel ${channel} is followed with another filter: unsubscribe from it first.`;
      throw new NeuralDocFlowError("invalid_request", message);
    }
    if (known) {
      known.listeners.set(tell, gap);
      return known.begun;
    }
    const following: FollowingChannel = {
      ...{ filter, fail, offset: null, seen: new Set<string>() },
      listeners: new Map([[tell, gap]]),
      begun: Promise.resolve(),
    };
    this.#channels.set(channel, following);
    if (this.#connection()?.isOpen) following.begun = this.#subscribeChannel(channel, following);
    return following.begun;
  }

  /** One listener leaves, or all do. */
  leaveChannel(channel: Channel, tell?: TellChannel): void {
    const following = this.#channels.get(channel);
    if (tell) following?.listeners.delete(tell);
    if (!following || (tell && following.listeners.size > 0)) return;
    this.#channels.delete(channel);
    this.#ask("unsubscribe_channel", { channel });
  }

  /** Take everything up again on a new connection. */
  async restore(): Promise<void> {
    this.rest();
    const jobs = [...this.#jobs].map(([job, each]) => this.#subscribe(job, each));
    await Promise.all([
      ...jobs,
      ...[...this.#channels].map(([name, each]) => this.#subscribeChannel(name, each)),
    ]);
  }

  /** Ask for nothing again until the next connection. */
  rest(): void {
    for (const timer of this.#pauses) clearTimeout(timer);
    this.#pauses.clear();
  }

  /** An event has come. A job that is followed hears it whichever channel it came on. */
  take({ id, payload }: EventEnvelope): void {
    const { channel, event, offset, data } = payload;
    const told = { type: event, offset, data } as unknown as JobEvent;
    const job = String(data.jobId);
    const following = this.#jobs.get(job);
    const summary = event === "notification" && /^Processing(Completed|Failed)$/.test(String(data.type));
    if (following && !summary) this.#tellJob(job, following, id, told);
    const followed = this.#channels.get(channel as Channel);
    if (!followed || !isNew(followed, `${id} ${event}`)) return;
    followed.offset = offset;
    tellEach([...followed.listeners.keys()], { ...told, channel: channel as Channel });
  }

  #tellJob(job: string, following: FollowingJob, id: string, event: JobEvent): void {
    if (!isNew(following, id)) return;
    following.offset = event.offset;
    if (event.type === "result") {
      this.#jobs.delete(job);
      this.#ask("unsubscribe", { job_id: job });
    } else {
      following.past.push(event);
    }
    for (const follower of [...following.followers]) follower.tell(event);
  }

  async #subscribe(job: string, following: FollowingJob, tries = 0): Promise<void> {
    const from = following.offset === null ? {} : { from_offset: following.offset };
    try {
      const told = (await this.#connection()?.request(
        "subscribe",
        { job_id: job, ...from },
        { again: false },
      )) as unknown as Subscribed;
      following.offset ??= told.offset;
      if (told.recovered || this.#jobs.get(job) !== following) return;
      // Some events are older than what is kept; the result itself may be there, and may come meanwhile.
      if (FINISHED.includes(told.state.status)) {
        const data = await this.#result(job);
        if (this.#jobs.get(job) !== following) return;
        this.#tellJob(job, following, `result of ${job}`, { type: "result", offset: told.offset, data });
      }
    } catch (error) {
      if (this.#jobs.get(job) !== following) return;
      this.#refused(error, tries, {
        again: () => this.#jobs.get(job) === following && this.#subscribe(job, following, tries + 1),
        refuse: refusal => {
          this.#jobs.delete(job);
          for (const follower of following.followers) follower.fail(refusal);
        },
      });
    }
  }

  async #subscribeChannel(channel: Channel, following: FollowingChannel, tries = 0): Promise<void> {
    const from = following.offset === null ? {} : { from_offset: following.offset };
    try {
      const wanted = { channel, filter: following.filter, ...from };
      const told = (await this.#connection()?.request("subscribe_channel", wanted, {
        again: false,
      })) as unknown as ChannelSubscribed;
      following.offset ??= told.offset;
      if (!told.recovered) tellEach([...following.listeners.values()], undefined);
    } catch (error) {
      if (this.#channels.get(channel) !== following) return;
      this.#refused(error, tries, {
        again: () =>
          this.#channels.get(channel) === following && this.#subscribeChannel(channel, following, tries + 1),
        refuse: refusal => {
          this.#channels.delete(channel);
          following.fail(refusal);
        },
      });
    }
  }

  /** What passes is asked for again after a while, over the same connection: the next one asks by itself. */
  #refused(error: unknown, tries: number, { again, refuse }: WhenRefused): void {
    if (!(error instanceof NeuralDocFlowError)) throw error;
    if (error.code === "disconnected") return;
    if (!error.retryable) return refuse(error);
    const timer = setTimeout(
      () => {
        this.#pauses.delete(timer);
        if (this.#connection()?.isOpen) again();
      },
      pause(tries, BACKOFF),
    );
    this.#pauses.add(timer);
  }

  #ask(action: string, payload: object): void {
    if (this.#connection()?.isOpen) {
      this.#connection()
        ?.request(action, payload, { again: false })
        .catch(() => {}); // with the connection the subscription is gone too
    }
  }
}

/** One that throws does not keep the others from hearing. */
function tellEach<Told>(listeners: ((told: Told) => void)[], told: Told): void {
  const all = new Listeners<Told>();
  for (const each of listeners) all.add(each);
  all.tell(told);
}

function isNew(following: Following, id: string): boolean {
  if (following.seen.has(id)) return false;
  following.seen.add(id);
  if (following.seen.size > MOST_SEEN) following.seen.delete(following.seen.values().next().value ?? "");
  return true;
}
