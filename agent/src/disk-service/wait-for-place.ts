import { Outbox } from "@holdfast/shared/rpc/outbox";

/** Yields the places in a queue as they change, and returns what was waited for. */
export async function* waitForPlace<Place>(
  take: (onPlace: (place: number) => void) => Promise<Place>,
): AsyncGenerator<number, Place> {
  const places = new Outbox<number>();
  const taken = take((place) => {
    places.put(place);
  });
  const close = (): void => {
    places.close();
  };
  taken.then(close, close);
  yield* places;
  return await taken;
}
