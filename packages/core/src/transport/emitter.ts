/** Listeners of one event. Only a leak adds a thousand; the next one is refused with a RangeError. */
export const LISTENERS_MAX = 1_024;

/** What is called with the values of an event. */
export type EmitterListener<Values extends unknown[]> = (...values: Values) => void;

/** Told what a listener threw, or what the promise it returned rejected with. It must not throw itself. */
export type EmitterErrorHook = (error: unknown, type: string) => void;

interface Registration {
  readonly listener: EmitterListener<unknown[]>;
  readonly isOnce: boolean;
}

/**
 * Typed events. One listener's exception or rejection reaches the error hook and never the other listeners nor the
 * code that emits. As in Node, a listener added twice is called twice, and `off` removes the one added last.
 */
export class Emitter<Events extends { [Type in keyof Events]: unknown[] }> {
  // Lists are replaced and never changed, so `emit` walks one safely while listeners come and go.
  readonly #registrations = new Map<keyof Events, readonly Registration[]>();
  readonly #onError: EmitterErrorHook;

  constructor(onError: EmitterErrorHook) {
    this.#onError = onError;
  }

  /** @throws RangeError for a listener beyond {@link LISTENERS_MAX} of one event. */
  on<Type extends keyof Events>(type: Type, listener: EmitterListener<Events[Type]>): () => void {
    return this.#add(type, { listener: listener as EmitterListener<unknown[]>, isOnce: false });
  }

  /** As `on`, for the next event only. */
  once<Type extends keyof Events>(type: Type, listener: EmitterListener<Events[Type]>): () => void {
    return this.#add(type, { listener: listener as EmitterListener<unknown[]>, isOnce: true });
  }

  /** Removes the registration of this listener that was added last, if there is one. */
  off<Type extends keyof Events>(type: Type, listener: EmitterListener<Events[Type]>): void {
    const found = this.#registrations
      .get(type)
      ?.findLast((registration) => registration.listener === listener);
    if (found !== undefined) this.#remove(type, found);
  }

  /** Calls the listeners in the order in which they were added; false when there was none. */
  emit<Type extends keyof Events>(type: Type, ...values: Events[Type]): boolean {
    const registrations = this.#registrations.get(type);
    if (registrations === undefined) return false;
    for (const registration of registrations) {
      if (registration.isOnce) this.#remove(type, registration);
      this.#call(type, registration.listener, values);
    }
    return true;
  }

  /** How many listeners a type has. */
  listenerCount(type: keyof Events): number {
    return this.#registrations.get(type)?.length ?? 0;
  }

  /** Removes the listeners of one event, or all. */
  removeAll(type?: keyof Events): void {
    if (type === undefined) this.#registrations.clear();
    else this.#registrations.delete(type);
  }

  #add(type: keyof Events, registration: Registration): () => void {
    const registrations = this.#registrations.get(type) ?? [];
    if (registrations.length >= LISTENERS_MAX) {
      throw new RangeError(
        `"${String(type)}" has ${LISTENERS_MAX} listeners already; remove those that are done with (a leak?)`,
      );
    }
    this.#registrations.set(type, [...registrations, registration]);
    return () => this.#remove(type, registration);
  }

  #remove(type: keyof Events, registration: Registration): void {
    const registrations = this.#registrations.get(type);
    if (registrations === undefined) return;
    const rest = registrations.filter((other) => other !== registration);
    if (rest.length === 0) this.#registrations.delete(type);
    else this.#registrations.set(type, rest);
  }

  #call(type: keyof Events, listener: EmitterListener<unknown[]>, values: unknown[]): void {
    try {
      const returned: unknown = listener(...values);
      // An async listener is a legal listener; its rejection must not end the process.
      if (isThenable(returned)) returned.then(undefined, (error: unknown) => this.#report(error, type));
    } catch (error) {
      this.#report(error, type);
    }
  }

  #report(error: unknown, type: keyof Events): void {
    try {
      this.#onError(error, String(type));
    } catch {
      // The hook is the last one to tell; nobody is left to hear that it failed too.
    }
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
