// Names for ids: people, channels and user groups.

export function lookupsOf(state) {
  const people = new Map(state.people.map((person) => [person.id, person]));
  const mine = people.get(state.me)?.groups ?? [];
  return {
    me: state.me,
    person: (id) => people.get(id)?.real_name || people.get(id)?.name || id,
    channel: (id) => state.names[id] ?? id,
    group: (id) => state.groups[id] ?? id,
    inGroup: (id) => mine.includes(state.groups[id]),
    get: (id) => people.get(id),
    everybody: () => [...people.values()].filter((each) => !each.bot && !each.deleted).map((each) => [each.id, each.real_name]),
    channels: () => state.channels.filter((each) => !each.direct).map((each) => [each.id, `#${each.name}`]),
    handles: () => [
      ...[...people.values()].map((each) => ({ name: each.name, note: each.real_name })),
      ...Object.values(state.groups).map((handle) => ({ name: handle, note: "user group" })),
    ],
  };
}

const HUES = { U0ANA: 8, U0BEN: 212, U0OMAR: 32, U0LEA: 286, U0GUEST: 96, U0STRANGE: 330 };

export function hue(id) {
  return HUES[id] ?? [...id].reduce((sum, letter) => sum + letter.charCodeAt(0) * 7, 0) % 360;
}
