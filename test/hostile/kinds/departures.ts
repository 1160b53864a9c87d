import { type Kind, requestTo, routesWithBody } from '../good-request.ts';
import { goodForm } from './forms.ts';

/** Clients that go away in the middle of what they send. */
export const departures: Kind = {
  name: 'departure',
  all: (ground, random) =>
    routesWithBody(ground).flatMap((route) =>
      [20, 200, 700].map((bytes) =>
        requestTo(ground, route, 'departure', { sender: 'leaver', leaveAfterBytes: bytes + random.int(200) }),
      ),
    ),
  draw: (ground, random) => {
    if (random.chance(0.5))
      return {
        ...goodForm(ground, 'departure from a form'),
        sender: 'leaver',
        leaveAfterBytes: random.between(300, 700),
      };
    const route = random.pick(routesWithBody(ground));
    return requestTo(ground, route, 'departure', {
      sender: 'leaver',
      leaveAfterBytes: random.between(1, 2000),
    });
  },
};
