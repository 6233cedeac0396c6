//! What a run of the lab came to: as tables for a terminal, and as a page with charts that needs nothing else.

use std::fmt::{self, Write as _};

use botpit_sdk::lab::{Interval, LabReport, MoveTally, Tally};
use serde::Serialize;

use crate::Table;

/// A page shows at most this many kinds of moves against each other.
const MAX_CELLS: usize = 20;

/// A run of the lab with what a reader wants to know about it. `Display` shows it as tables.
#[derive(Debug, Clone, Serialize)]
pub struct LabPage {
    /// The first strategy's name.
    pub first: String,
    /// The second's.
    pub second: String,
    /// The seed: the same one gives the same run.
    pub seed: u64,
    /// The platform's share of the pot, in percent.
    pub fee_percent: f64,
    /// What a match brings the first strategy on average, in wagers, after the fee.
    pub edge: f64,
    /// How it went.
    #[serde(flatten)]
    pub report: LabReport,
}

impl LabPage {
    /// A page of a run.
    pub fn new(first: String, second: String, seed: u64, fee_percent: f64, report: LabReport) -> Self {
        let edge = report.edge(fee_percent);
        Self { first, second, seed, fee_percent, edge, report }
    }

    /// In a sentence: which is better, as far as can be said.
    pub fn finding(&self) -> String {
        let Interval { low, high, .. } = self.report.win_rate();
        let (first, second) = (&self.first, &self.second);
        if low > 0.5 {
            format!("{first} is better than {second}.")
        } else if high < 0.5 {
            format!("{second} is better than {first}.")
        } else {
            format!("Neither is better, as far as {} matches can tell.", self.report.matches)
        }
    }

    /// The page: one file, without scripts and without anything from elsewhere, in the reader's own light or dark.
    pub fn html(&self) -> String {
        let mut html = String::with_capacity(16 * 1024);
        let (first, second) = (escaped(&self.first), escaped(&self.second));
        let (game, report) = (escaped(self.report.game), &self.report);
        // Writing into a string does not fail, here and below.
        let _ = write!(
            html,
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width\">\
             <title>{game}: {first} against {second}</title>\n<style>{STYLE}</style></head><body>\n\
             <h1>{game}: {first} against {second}</h1>\n<p class=\"finding\">{}</p>\n\
             <p>{} matches, {} rounds, seed {}. Win rate of {first}: <strong>{}</strong>, a draw counting half. A match brings \
             it <strong>{:+.4}</strong> wagers on average after a fee of {} %.</p>\n",
            escaped(&self.finding()),
            report.matches,
            report.rounds,
            self.seed,
            report.win_rate(),
            self.edge,
            self.fee_percent,
        );
        self.bars(&mut html);
        self.interval(&mut html);
        self.payoffs(&mut html);
        for (name, moves) in [(&first, report.first_moves()), (&second, report.second_moves())] {
            moves_chart(&mut html, name, &moves);
        }
        html.push_str("</body></html>\n");
        html
    }

    /// Won, drawn and lost: all matches, and by side.
    fn bars(&self, html: &mut String) {
        html.push_str("<h2>Matches</h2>\n<table class=\"bars\">");
        let report = &self.report;
        for (name, tally) in
            [("all", report.result), ("as side A", report.as_side_a), ("as side B", report.as_side_b)]
        {
            let _ = write!(
                html,
                "<tr><th>{name}</th><td>{}</td><td class=\"n\">{}</td></tr>",
                bar(tally),
                told(tally)
            );
        }
        html.push_str("</table>\n");
    }

    /// The interval on a line from 0 to 100 %.
    fn interval(&self, html: &mut String) {
        let Interval { low, rate, high, .. } = self.report.win_rate();
        let x = |rate: f64| 20.0 + 560.0 * rate;
        let _ = write!(
            html,
            "<h2>Win rate</h2>\n<svg viewBox=\"0 0 600 60\" role=\"img\" aria-label=\"win rate {}\">\
             <line class=\"axis\" x1=\"20\" y1=\"30\" x2=\"580\" y2=\"30\"/>\
             <line class=\"even\" x1=\"300\" y1=\"12\" x2=\"300\" y2=\"48\"/>\
             <rect class=\"span\" x=\"{:.2}\" y=\"22\" width=\"{:.2}\" height=\"16\" rx=\"3\"/>\
             <circle class=\"dot\" cx=\"{:.2}\" cy=\"30\" r=\"4\"/>\
             <text x=\"20\" y=\"56\">0 %</text><text x=\"300\" y=\"56\" text-anchor=\"middle\">50 %</text>\
             <text x=\"580\" y=\"56\" text-anchor=\"end\">100 %</text></svg>\n",
            self.report.win_rate(),
            x(low),
            (x(high) - x(low)).max(1.0),
            x(rate),
        );
    }

    /// The payoff table: each kind of move against each, coloured by who won more of those rounds.
    fn payoffs(&self, html: &mut String) {
        let payoffs = self.report.payoffs();
        let columns: Vec<String> = self.report.second_moves().into_iter().map(|tally| tally.kind).collect();
        let rows: Vec<String> = self.report.first_moves().into_iter().map(|tally| tally.kind).collect();
        if rows.len().max(columns.len()) > MAX_CELLS || rows.len().max(columns.len()) < 2 {
            return;
        }
        let _ = write!(
            html,
            "<h2>Payoffs</h2>\n<p>Rounds won by {} minus rounds lost, in percent of the rounds with these two moves; rows are \
             {}'s moves, columns {}'s.</p>\n<table class=\"heat\"><tr><th></th>",
            escaped(&self.first),
            escaped(&self.first),
            escaped(&self.second),
        );
        for kind in &columns {
            let _ = write!(html, "<th>{}</th>", escaped(kind));
        }
        html.push_str("</tr>");
        for first in &rows {
            let _ = write!(html, "<tr><th>{}</th>", escaped(first));
            for second in &columns {
                match payoffs.iter().find(|row| row.first == *first && row.second == *second) {
                    Some(row) => {
                        let gain = gain(row.rounds);
                        let class = if gain < 0.0 { "lost" } else { "won" };
                        let _ = write!(
                            html,
                            "<td class=\"{class}\" style=\"--by:{:.3}\" title=\"{}\">{:+.0}</td>",
                            gain.abs(),
                            told(row.rounds),
                            100.0 * gain,
                        );
                    }
                    None => html.push_str("<td></td>"),
                }
            }
            html.push_str("</tr>");
        }
        html.push_str("</table>\n");
    }
}

/// How often a strategy made each kind of move, and how that went for it.
fn moves_chart(html: &mut String, name: &str, moves: &[MoveTally]) {
    let _ = write!(html, "<h2>Moves of {name}</h2>\n<table class=\"bars\">");
    let most = moves.iter().map(|tally| tally.rounds.total()).max().unwrap_or(1).max(1);
    for MoveTally { kind, rounds, .. } in moves {
        let share = rounds.total() as f64 / most as f64;
        let _ = write!(
            html,
            "<tr><th>{}</th><td><div style=\"width:{:.1}%\">{}</div></td><td class=\"n\">{}</td></tr>",
            escaped(kind),
            100.0 * share,
            bar(*rounds),
            told(*rounds),
        );
    }
    html.push_str("</table>\n");
}

fn bar(Tally { won, drawn, lost, .. }: Tally) -> String {
    format!(
        "<div class=\"bar\"><span class=\"won\" style=\"flex:{won}\"></span>\
         <span class=\"drawn\" style=\"flex:{drawn}\"></span><span class=\"lost\" style=\"flex:{lost}\"></span></div>"
    )
}

fn told(Tally { won, drawn, lost, .. }: Tally) -> String {
    format!("{won} won, {drawn} drawn, {lost} lost")
}

/// From −1 to 1.
fn gain(tally: Tally) -> f64 {
    (tally.won as f64 - tally.lost as f64) / (tally.total().max(1) as f64)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

impl fmt::Display for LabPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, second, report) = (&self.first, &self.second, &self.report);
        let mut matches = Table::new(
            format!(
                "{}: {first} against {second}, {} matches (seed {})",
                report.game, report.matches, self.seed
            ),
            ["", "won", "drawn", "lost"],
        );
        for (name, tally) in
            [("all", report.result), ("as side A", report.as_side_a), ("as side B", report.as_side_b)]
        {
            matches.row([&name, &tally.won, &tally.drawn, &tally.lost]);
        }
        writeln!(f, "{matches}\n")?;
        writeln!(f, "Win rate {}, a draw counting half.", report.win_rate())?;
        let fee = self.fee_percent;
        writeln!(f, "A match brings {first} {:+.4} wagers on average, after a fee of {fee} %.", self.edge)?;
        writeln!(f, "{}\n", self.finding())?;
        let mut payoffs = Table::new(
            format!(
                "Payoffs: {} rounds, how each move of {first} did against each of {second}",
                report.rounds
            ),
            ["first", "second", "won", "drawn", "lost", "gain %"],
        );
        for row in report.payoffs() {
            let Tally { won, drawn, lost, .. } = row.rounds;
            payoffs.row([
                &row.first,
                &row.second,
                &won,
                &drawn,
                &lost,
                &format!("{:+.1}", 100.0 * gain(row.rounds)),
            ]);
        }
        write!(f, "{payoffs}")
    }
}

const STYLE: &str = "\
:root{color-scheme:light dark;--won:#2f8f4e;--lost:#c2493d;--drawn:#9a9a9a;--ink:#222;--soft:#ddd;--page:#fff}\
@media(prefers-color-scheme:dark){:root{--won:#58b878;--lost:#e0786d;--drawn:#777;--ink:#e6e6e6;--soft:#444;--page:#1b1b1d}}\
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--page);max-width:52rem;margin:2rem auto;padding:0 1rem}\
h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem}.finding{font-size:1.15rem}\
table{border-collapse:collapse}th{font-weight:normal;text-align:right;padding:.15rem .6rem}\
.bars{width:100%}.bars th{width:8rem}.bars .n{width:15rem;padding-left:.6rem;font-size:.85rem}\
.bar{display:flex;height:1.1rem;border-radius:3px;overflow:hidden;background:var(--soft)}\
.bar .won{background:var(--won)}.bar .drawn{background:var(--drawn)}.bar .lost{background:var(--lost)}\
.heat td{width:3.2rem;height:2rem;text-align:center;font-size:.85rem;border:1px solid var(--page)}\
.heat .won{background:color-mix(in srgb,var(--won) calc(var(--by)*100%),var(--soft))}\
.heat .lost{background:color-mix(in srgb,var(--lost) calc(var(--by)*100%),var(--soft))}\
svg{width:100%;max-width:600px}svg text{font-size:11px;fill:var(--ink)}.axis,.even{stroke:var(--drawn)}\
.even{stroke-dasharray:3 3}.span{fill:var(--won);opacity:.45}.dot{fill:var(--won)}";
