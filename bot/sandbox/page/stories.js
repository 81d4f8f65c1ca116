// The four stories that the page can play by itself.

const ANA = "U0ANA";
const BEN = "U0BEN";
const DEPLOYMENTS = "C0DEPLOY";
const ALERTS = "C0ALERT";
const READ = 3500;

const version = (player) => Object.values(player.served())[0]?.version;

const asking = (player, text) => [
  `Ana is a developer. She asks for a release: ${text}`,
  async () => {
    await player.be(ANA);
    await player.go(DEPLOYMENTS);
    await player.type(text);
    await player.asked(/^Approve/);
  },
];

const approving = (player) => [
  "The card says what would go live: the commits, the migrations, the risks. Nothing runs before somebody approves, and Ben may.",
  async () => {
    await player.linger(READ);
    await player.be(BEN);
    await player.press(/^Approve/);
  },
];

function deploy(player) {
  const wanted = version(player) === "v2.3" ? "v2.2" : "v2.3";
  return [
    asking(player, `/deploy production ${wanted}`),
    approving(player),
    ["One host after the other: unpacked, built, migrated, tried beside the old release, and only then switched over.",
      () => player.until(() => Object.values(player.served()).some((host) => host.version === wanted))],
    ["The first host serves it and is watched before the second one follows.",
      () => player.until(() => player.serves(wanted) && player.rests())],
    ["All of production serves it. The strips of the hosts show whether a visitor noticed.", () => player.linger(READ)],
  ];
}

function sick(player) {
  const before = version(player);
  return [
    asking(player, "/deploy production v2.4"),
    approving(player),
    ["v2.4 passes its tests, but it leaks: under real visitors it turns sick on the first host.",
      () => player.until(() => Object.values(player.served()).some((host) => host.version === "v2.4" || host.health === "sick"))],
    ["Shipmate watches the host after the switch. It sees the health go bad, stops, and goes back by itself.",
      () => player.until(() => player.serves(before) && player.rests())],
    ["People hear of it where they look for trouble: in #alerts.",
      async () => {
        await player.linger(READ);
        await player.go(ALERTS);
        await player.linger(READ);
      }],
  ];
}

function migration(player) {
  return [
    asking(player, "/deploy production v2.5"),
    approving(player),
    ["v2.5 brings a migration that cannot work. It runs once, before anything is switched.",
      () => player.until(() => player.rests() && player.says(/failed/i))],
    ["It failed, so nothing was switched: the old release is served as before, and the card says what to do next.",
      () => player.linger(READ)],
  ];
}

function rollback(player) {
  const before = version(player);
  return [
    ["Something is wrong with what is live, and Ana wants the release before it: /rollback latest production",
      async () => {
        await player.be(ANA);
        await player.go(DEPLOYMENTS);
        await player.type("/rollback latest production");
        await player.asked(/^Roll back/);
      }],
    ["Only Ana sees the question: what comes back, and what goes.",
      async () => {
        await player.linger(READ);
        await player.press(/^Roll back/);
      }],
    ["The old release is still on the hosts, so this takes seconds.",
      () => player.until(() => version(player) !== before && player.serves(version(player)) && player.rests())],
    [() => `Production serves ${version(player)} again.`, () => player.linger(READ)],
  ];
}

export const STORIES = [
  {
    title: "Deploy and approve", about: "Ana asks, Ben approves, two hosts follow one after the other.", steps: deploy,
    ending: "That was a deployment. Roll it back with the button on its card, or type the next command yourself.",
  },
  {
    title: "A sick release", about: "It turns bad under real visitors and comes back by itself.", steps: sick,
    ending: "Nobody had to be awake for that. The thread of the card has the log of the host.",
  },
  {
    title: "A failing migration", about: "The database says no, so nothing is switched.", steps: migration,
    ending: "Visitors noticed nothing. The thread of the card has the output of the migration.",
  },
  {
    title: "Roll back", about: "One command, and production serves the release before.", steps: rollback,
    ending: "Typed again, it goes back one further. It never flips between two releases.",
  },
];
