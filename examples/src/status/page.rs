//! The page itself.

use std::fmt::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use botpit_sdk::sdk_core::sandbox::{Fault, Recent, RecentKind, Sender};

use super::snapshot::{Shown, Snapshot};
use crate::served::{Kind, kind_of};

/// So many characters of a message are shown.
const SHOWN_TEXT: usize = 400;

/// The faults by what they break, with a heading each.
const GROUPS: [(Kind, &str); 4] = [
    (Kind::Connect, "Connecting"),
    (Kind::Http, "Answers over HTTP"),
    (Kind::Connection, "The connection"),
    (Kind::Message, "WebSocket and messages"),
];

/// The page. What changes stands in elements with `data-live` and an id.
pub(super) fn page(now: &Snapshot) -> String {
    let mut html = String::with_capacity(64 << 10);
    html.push_str(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>Sandbox</title>\n\
         <link rel=\"icon\" href=\"/icon.svg\">\n<link rel=\"stylesheet\" href=\"/status.css\">\n\
         <script src=\"/status.js\" defer></script>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#platforms\">Skip to the platforms</a>\n",
    );
    head(&mut html, now);
    html.push_str("<main id=\"platforms\">\n");
    for platform in &now.platforms {
        section(&mut html, platform);
    }
    html.push_str("</main>\n</body>\n</html>\n");
    html
}

fn head(html: &mut String, now: &Snapshot) {
    html.push_str(
        "<header class=\"top\">\n<div class=\"bar\">\n<h1><img src=\"/icon.svg\" alt=\"\" width=\"28\" height=\"28\"> Sandbox</h1>\n",
    );
    let _ = write!(
        html,
        "<p class=\"facts\" id=\"facts\" data-live><span>speed <b>{}×</b></span> <span>up <b>{}</b></span></p>\n\
         <nav aria-label=\"Platforms\">",
        now.speed,
        span(now.uptime_s),
    );
    for platform in &now.platforms {
        let _ =
            write!(html, "<a class=\"{0}\" href=\"#{0}\">{1}</a>", platform.name, escaped(platform.title));
    }
    html.push_str(
        "</nav>\n<p class=\"tools\"><noscript><a href=\"/\">Reload</a></noscript>\
         <button type=\"button\" id=\"pause\" hidden>Pause</button></p>\n</div>\n\
         <div id=\"said\" data-live role=\"status\">",
    );
    if let Some(said) = &now.said {
        let class = if said.is_error { "said wrong" } else { "said" };
        let _ = write!(html, "<p class=\"{class}\">{}</p>", escaped(&said.words));
    }
    html.push_str("</div>\n</header>\n");
}

fn section(html: &mut String, platform: &Shown) {
    let Shown { name, title, .. } = platform;
    let _ = write!(
        html,
        "<section class=\"platform {name}\" id=\"{name}\" aria-labelledby=\"{name}-title\">\n\
         <header>\n<h2 id=\"{name}-title\">{}</h2>\n<p class=\"where\"><code>{}</code>",
        escaped(title),
        escaped(&platform.rest),
    );
    if let Some(ws) = &platform.ws {
        let _ = write!(html, " <code>{}</code>", escaped(ws));
    }
    html.push_str("</p>\n");
    numbers(html, platform);
    html.push_str("</header>\n<div class=\"columns\">\n<div class=\"column\">\n");
    region(html, platform, "peers", "Connections", peers);
    region(html, platform, "progress", "In progress", progress);
    region(html, platform, "faults", "Faults", faults);
    html.push_str("</div>\n<div class=\"column wide\">\n");
    region(html, platform, "recent", "Latest messages", recent);
    html.push_str("</div>\n</div>\n");
    buttons(html, platform);
    html.push_str("</section>\n");
}

fn region(html: &mut String, platform: &Shown, id: &str, title: &str, fill: fn(&mut String, &Shown)) {
    let name = platform.name;
    // What scrolls must be reachable by keyboard.
    let focus = if id == "recent" { " tabindex=\"0\" role=\"region\"" } else { "" };
    let _ = write!(
        html,
        "<h3 id=\"{name}-{id}-title\">{title}</h3>\n<div class=\"{id}\" id=\"{name}-{id}\" data-live \
         aria-labelledby=\"{name}-{id}-title\"{focus}>"
    );
    fill(html, platform);
    html.push_str("</div>\n");
}

fn numbers(html: &mut String, platform: &Shown) {
    let _ = write!(html, "<dl class=\"numbers\" id=\"{}-numbers\" data-live>", platform.name);
    for (what, count) in [
        ("open", platform.connections as u64),
        ("accepted", platform.accepted),
        ("in progress", platform.progress.len() as u64),
        ("faults", platform.injected),
    ] {
        let _ = write!(html, "<div><dt>{what}</dt><dd>{count}</dd></div>");
    }
    html.push_str("</dl>\n");
}

fn peers(html: &mut String, platform: &Shown) {
    if platform.peers.is_empty() {
        let words = match (platform.has_messages, platform.connections) {
            (true, _) | (false, 0) => "Nobody is connected.",
            (false, _) => "Requests only: this platform has no WebSocket.",
        };
        let _ = write!(html, "<p class=\"none\">{words}</p>");
        return;
    }
    html.push_str("<ul class=\"rows\">");
    for peer in &platform.peers {
        let who = peer.labels.last().map_or("not known yet", String::as_str);
        let _ = write!(
            html,
            "<li><b>{}</b> <small>№ {} · {} in · {} out</small></li>",
            escaped(who),
            peer.id,
            peer.received,
            peer.sent,
        );
    }
    html.push_str("</ul>");
}

fn progress(html: &mut String, platform: &Shown) {
    if platform.progress.is_empty() {
        html.push_str("<p class=\"none\">Nothing at the moment.</p>");
        return;
    }
    html.push_str("<ul class=\"rows\">");
    for one in platform.progress.iter().rev() {
        let _ = write!(
            html,
            "<li><b>{}</b> <small>{}</small><br><small>{} <code>{}</code></small></li>",
            escaped(&one.agents.join(" · ")),
            escaped(&one.state),
            escaped(one.kind),
            escaped(&one.id),
        );
    }
    html.push_str("</ul>");
}

fn faults(html: &mut String, platform: &Shown) {
    if platform.pending.is_empty() && platform.log.is_empty() {
        html.push_str("<p class=\"none\">None ordered, none happened.</p>");
        return;
    }
    html.push_str("<ul class=\"rows\">");
    for pending in &platform.pending {
        let _ = write!(
            html,
            "<li class=\"pending\"><b class=\"tag\">waits</b> {}</li>",
            escaped(&pending.order.to_string())
        );
    }
    for injection in &platform.log {
        let _ = write!(
            html,
            "<li><b class=\"tag\">happened</b> {} <small>{} · № {}</small></li>",
            injection.fault,
            escaped(&injection.when),
            injection.connection,
        );
    }
    html.push_str("</ul>");
}

fn recent(html: &mut String, platform: &Shown) {
    if platform.recent.is_empty() {
        html.push_str("<p class=\"none\">Nothing yet. Start a bot.</p>");
        return;
    }
    html.push_str("<ol>");
    for one in &platform.recent {
        message(html, one);
    }
    html.push_str("</ol>");
}

fn message(html: &mut String, one: &Recent) {
    let (class, arrow, way) = match one.from {
        Sender::Client => ("in", "→", "from the bot"),
        Sender::Sandbox => ("out", "←", "to the bot"),
    };
    let kind = match one.kind {
        RecentKind::Close => " close",
        RecentKind::Request | RecentKind::Answer => " http",
        _ => "",
    };
    let connection = format!("№ {}", one.connection);
    let who = one.agent.as_deref().unwrap_or(&connection);
    let _ = write!(
        html,
        "<li class=\"{class}{kind}\"><span class=\"meta\"><span class=\"way\" title=\"{way}\">\
         <span aria-hidden=\"true\">{arrow}</span><span class=\"unseen\">{way}</span></span> <b>{}</b> \
         <span class=\"head\">{}</span> <time>{}</time></span>",
        escaped(who),
        escaped(&cut(&one.head)),
        clock(one.at),
    );
    if !one.text.is_empty() {
        let _ = write!(html, " <code>{}</code>", escaped(&cut(&one.text)));
    }
    html.push_str("</li>");
}

fn buttons(html: &mut String, platform: &Shown) {
    let name = platform.name;
    let _ = write!(
        html,
        "<details class=\"orders\" id=\"{name}-orders\">\n<summary>Order a fault</summary>\n\
         <form method=\"post\" action=\"/{name}/fault\">\n<div class=\"fields\">\n\
         <label>When <select name=\"when\">"
    );
    for choice in &platform.choices {
        let _ = write!(html, "<option value=\"{}\">{}</option>", choice.id, escaped(&choice.words));
    }
    html.push_str(
        "</select></label>\n<label>Only for <input name=\"only\" placeholder=\"an agent’s name\" autocomplete=\"off\" \
         spellcheck=\"false\"></label>\n</div>\n",
    );
    for (kind, title) in GROUPS {
        let faults: Vec<&str> = Fault::NAMES
            .iter()
            .copied()
            .filter(|name| Fault::named(name).is_some_and(|fault| kind_of(&fault) == kind))
            .collect();
        if kind == Kind::Message && !platform.has_messages {
            continue;
        }
        let _ = write!(html, "<fieldset><legend>{title}</legend>");
        for fault in faults {
            let _ = write!(html, "<button name=\"fault\" value=\"{fault}\">{fault}</button> ");
        }
        html.push_str("</fieldset>\n");
    }
    let _ = write!(
        html,
        "</form>\n</details>\n<div class=\"deeds\">\
         <form method=\"post\" action=\"/{name}/clear\"><button>Forget pending orders</button></form>\
         <form method=\"post\" action=\"/{name}/reset\"><button class=\"strong\">Start afresh</button></form></div>\n"
    );
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN_TEXT) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// The time of day in UTC.
fn clock(at: SystemTime) -> String {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let of_day = since.as_secs() % 86_400;
    format!("{:02}:{:02}:{:02}.{:03}", of_day / 3_600, of_day / 60 % 60, of_day % 60, since.subsec_millis())
}

fn span(seconds: u64) -> String {
    match (seconds / 3_600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

fn escaped(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => shown.push_str("&amp;"),
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '"' => shown.push_str("&quot;"),
            '\'' => shown.push_str("&#39;"),
            // Marks that turn the direction of text would let a message rewrite the page around it.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => shown.push('\u{fffd}'),
            c => shown.push(c),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_has_a_button() {
        let kinds: Vec<Kind> = GROUPS.iter().map(|(kind, _)| *kind).collect();
        for name in Fault::NAMES {
            let kind = kind_of(&Fault::named(name).unwrap());
            assert!(kinds.contains(&kind), "{name}");
        }
    }

    #[test]
    fn what_bots_say_is_text_and_nothing_else() {
        assert_eq!(escaped("<script>\"&'\u{202e}"), "&lt;script&gt;&quot;&amp;&#39;\u{fffd}");
    }

    #[test]
    fn times_are_short() {
        assert_eq!([span(5), span(65), span(7_260)], ["5 s", "1 min 5 s", "2 h 1 min"]);
        let at = UNIX_EPOCH + std::time::Duration::from_millis(86_400_000 + 3_723_045);
        assert_eq!(clock(at), "01:02:03.045");
    }
}
