// The emoji names that messages of this kind use.

const NAMES = `
white_check_mark ✅|heavy_check_mark ✔️|x ❌|no_entry ⛔|no_entry_sign 🚫|warning ⚠️|rotating_light 🚨|fire 🔥|boom 💥|
rocket 🚀|ship 🚢|boat ⛵|sailboat ⛵|anchor ⚓|hourglass ⌛|hourglass_flowing_sand ⏳|stopwatch ⏱️|alarm_clock ⏰|
rewind ⏪|fast_forward ⏩|arrow_left ⬅️|arrow_right ➡️|arrow_up ⬆️|arrow_down ⬇️|leftwards_arrow_with_hook ↩️|
arrow_forward ▶️|double_vertical_bar ⏸️|pause_button ⏸️|black_square_for_stop ⏹️|stop_button ⏹️|repeat 🔁|
arrows_counterclockwise 🔄|lock 🔒|unlock 🔓|closed_lock_with_key 🔐|key 🔑|snowflake ❄️|ice_cube 🧊|thermometer 🌡️|
large_green_circle 🟢|green_circle 🟢|large_yellow_circle 🟡|yellow_circle 🟡|large_orange_circle 🟠|red_circle 🔴|
large_blue_circle 🔵|large_purple_circle 🟣|white_circle ⚪|black_circle ⚫|large_green_square 🟩|large_red_square 🟥|
large_yellow_square 🟨|white_large_square ⬜|black_large_square ⬛|heart ❤️|green_heart 💚|thumbsup 👍|+1 👍|thumbsdown 👎|
-1 👎|wave 👋|eyes 👀|tada 🎉|sparkles ✨|star ⭐|bulb 💡|mag 🔍|question ❓|exclamation ❗|grey_question ❔|
information_source ℹ️|bell 🔔|no_bell 🔕|loudspeaker 📢|mega 📣|speech_balloon 💬|memo 📝|clipboard 📋|page_facing_up 📄|
bookmark_tabs 📑|package 📦|wrench 🔧|hammer 🔨|hammer_and_wrench 🛠️|gear ⚙️|robot_face 🤖|construction 🚧|
ambulance 🚑|hospital 🏥|pager 📟|phone ☎️|telephone_receiver 📞|email 📧|envelope ✉️|inbox_tray 📥|outbox_tray 📤|
calendar 📅|date 📅|chart_with_upwards_trend 📈|chart_with_downwards_trend 📉|bar_chart 📊|floppy_disk 💾|computer 💻|
desktop_computer 🖥️|satellite 🛰️|globe_with_meridians 🌐|earth_africa 🌍|cloud ☁️|sunny ☀️|zap ⚡|bug 🐛|bird 🐦|canary 🐤|
hatched_chick 🐥|ok 🆗|new 🆕|sos 🆘|100 💯|raised_hand ✋|pray 🙏|muscle 💪|thinking_face 🤔|sleeping 😴|smile 😄|
slightly_smiling_face 🙂|disappointed 😞|sweat_smile 😅|joy 😂|skull 💀|ghost 👻|broom 🧹|test_tube 🧪|shield 🛡️|
bust_in_silhouette 👤|busts_in_silhouette 👥|ballot_box_with_check ☑️|radio_button 🔘|small_blue_diamond 🔹|
large_blue_diamond 🔷|white_small_square ▫️|black_small_square ▪️|link 🔗|pushpin 📌|checkered_flag 🏁|triangular_flag_on_post 🚩`;

export const EMOJI = new Map(
  NAMES.split("|").map((pair) => pair.trim().split(" ")).map(([name, sign]) => [name, sign]),
);
