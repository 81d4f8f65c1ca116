// The emoji names that messages use. Those that cards need are drawn in emoji.svg, the same on every machine;
// any other is shown as the character, as well as the machine's fonts can.

import { svg } from "./dom.js";

const DRAWN = new Set(`
white_check_mark heavy_check_mark ballot_box_with_check x warning no_entry no_entry_sign octagonal_sign rotating_light
rocket sailboat leftwards_arrow_with_hook rewind fast_forward arrow_forward black_square_for_stop double_vertical_bar
arrows_counterclockwise hourglass stopwatch question grey_question exclamation information_source raised_hand wave
thumbsup thumbsdown eyes package wastebasket stethoscope memo clipboard lock unlock key bell no_bell calendar bar_chart
chart_with_upwards_trend chart_with_downwards_trend large_green_circle large_yellow_circle large_orange_circle
red_circle large_blue_circle large_purple_circle white_circle black_circle large_green_square large_yellow_square
large_red_square white_large_square white_small_square sunny sunrise snowflake fire zap bug mag wrench gear bulb tada link pushpin
bust_in_silhouette busts_in_silhouette shield speech_balloon mega pager floppy_disk heart star construction
checkered_flag
`.trim().split(/\s+/));

const SAME_AS = {
  "+1": "thumbsup", "-1": "thumbsdown", hourglass_flowing_sand: "hourglass", alarm_clock: "stopwatch",
  ship: "sailboat", boat: "sailboat", date: "calendar", green_circle: "large_green_circle",
  yellow_circle: "large_yellow_circle", blue_circle: "large_blue_circle", large_red_circle: "red_circle",
  stop_button: "black_square_for_stop", pause_button: "double_vertical_bar", repeat: "arrows_counterclockwise",
  closed_lock_with_key: "lock", loudspeaker: "mega", black_large_square: "white_large_square", hand: "raised_hand",
};

const NAMES = `
white_check_mark ✅|heavy_check_mark ✔️|x ❌|no_entry ⛔|no_entry_sign 🚫|octagonal_sign 🛑|warning ⚠️|rotating_light 🚨|
fire 🔥|boom 💥|rocket 🚀|ship 🚢|boat ⛵|sailboat ⛵|anchor ⚓|hourglass ⌛|hourglass_flowing_sand ⏳|stopwatch ⏱️|
alarm_clock ⏰|rewind ⏪|fast_forward ⏩|arrow_left ⬅️|arrow_right ➡️|arrow_up ⬆️|arrow_down ⬇️|
leftwards_arrow_with_hook ↩️|arrow_forward ▶️|double_vertical_bar ⏸️|pause_button ⏸️|black_square_for_stop ⏹️|
stop_button ⏹️|repeat 🔁|arrows_counterclockwise 🔄|lock 🔒|unlock 🔓|closed_lock_with_key 🔐|key 🔑|snowflake ❄️|
ice_cube 🧊|thermometer 🌡️|large_green_circle 🟢|green_circle 🟢|large_yellow_circle 🟡|yellow_circle 🟡|
large_orange_circle 🟠|red_circle 🔴|large_red_circle 🔴|blue_circle 🔵|large_blue_circle 🔵|large_purple_circle 🟣|
white_circle ⚪|black_circle ⚫|large_green_square 🟩|large_red_square 🟥|large_yellow_square 🟨|white_large_square ⬜|
black_large_square ⬛|heart ❤️|green_heart 💚|thumbsup 👍|+1 👍|thumbsdown 👎|-1 👎|wave 👋|eyes 👀|tada 🎉|sparkles ✨|
star ⭐|bulb 💡|mag 🔍|question ❓|exclamation ❗|grey_question ❔|information_source ℹ️|bell 🔔|no_bell 🔕|loudspeaker 📢|
mega 📣|speech_balloon 💬|memo 📝|clipboard 📋|page_facing_up 📄|bookmark_tabs 📑|package 📦|wrench 🔧|hammer 🔨|
hammer_and_wrench 🛠️|gear ⚙️|robot_face 🤖|construction 🚧|ambulance 🚑|hospital 🏥|stethoscope 🩺|wastebasket 🗑️|
pager 📟|phone ☎️|telephone_receiver 📞|email 📧|envelope ✉️|inbox_tray 📥|outbox_tray 📤|calendar 📅|date 📅|
chart_with_upwards_trend 📈|chart_with_downwards_trend 📉|bar_chart 📊|floppy_disk 💾|computer 💻|desktop_computer 🖥️|
satellite 🛰️|globe_with_meridians 🌐|earth_africa 🌍|cloud ☁️|sunny ☀️|sunrise 🌅|zap ⚡|bug 🐛|bird 🐦|canary 🐤|
hatched_chick 🐥|ok 🆗|new 🆕|sos 🆘|100 💯|raised_hand ✋|hand ✋|pray 🙏|muscle 💪|thinking_face 🤔|sleeping 😴|smile 😄|
slightly_smiling_face 🙂|disappointed 😞|sweat_smile 😅|joy 😂|skull 💀|ghost 👻|broom 🧹|test_tube 🧪|shield 🛡️|
bust_in_silhouette 👤|busts_in_silhouette 👥|ballot_box_with_check ☑️|radio_button 🔘|small_blue_diamond 🔹|
large_blue_diamond 🔷|white_small_square ▫️|black_small_square ▪️|link 🔗|pushpin 📌|checkered_flag 🏁|
triangular_flag_on_post 🚩`;

const EMOJI = new Map(NAMES.split("|").map((pair) => pair.trim().split(" ")).map(([name, sign]) => [name, sign]));

const bare = (sign) => sign.replace("\ufe0f", "");
const NAMED = new Map([...EMOJI].reverse().map(([name, sign]) => [bare(sign), name]));

// What an emoji looks like in a text, by name or as the character; a pattern for a larger one.
export const SIGNS = `:[a-z0-9_+-]+:|(?:${[...NAMED.keys()].join("|")})\ufe0f?`;

// Return an emoji that stands in a text as an element.
export const sign = (found) => emoji(found.startsWith(":") ? found.slice(1, -1) : NAMED.get(bare(found)));

// Return an emoji as an element, or what was written where nobody knows the name.
export function emoji(name) {
  const drawn = SAME_AS[name] ?? name;
  if (DRAWN.has(drawn)) {
    return svg("svg", { class: "emoji", role: "img", "aria-label": name.replaceAll("_", " ") },
      svg("use", { href: `/page/emoji.svg#${drawn}` }));
  }
  return EMOJI.get(name) ?? `:${name}:`;
}

// Return a text with its emoji as characters: for places that hold nothing but text.
export const asText = (text) => text.replace(/:([a-z0-9_+-]+):/g, (whole, name) => EMOJI.get(name) ?? whole);

// Return a text with its emoji as elements.
export function withEmoji(text) {
  return text.split(new RegExp(`(${SIGNS})`, "u")).map((part, index) => (index % 2 ? sign(part) : part)).filter(Boolean);
}

// Return a text without any emoji.
export const withoutEmoji = (text) => text.replace(new RegExp(`(?:${SIGNS})\\s?`, "gu"), "");
