//! Mines: layout and order have many readings; more tiles without a mine win.

use super::super::derivation::{Hashes, LayoutReading, OrderReading, fitting_layouts, fitting_orders};
use super::super::fields::{Fields, brief};
use super::super::finding::{Note, Violation};
use super::formula::Formulas;
use super::round::{Basis, Round, more};

const GRID: i64 = 25;
const MINES: usize = 5;

/// How much a layout says about a reading, in bits: there are 53,130 layouts and 28 readings.
const LAYOUT_BITS: u32 = 10;

pub(super) fn check(round: &mut Round<'_>, formulas: &mut Formulas) {
    let has_other_rules = other_rules(round, "grid_size", GRID) | other_rules(round, "num_mines", 5);
    let tiles = round.echoed(
        ["tiles_a", "tiles_b"],
        "tiles",
        |fields: &Fields<'_>, name| fields.int(name),
        |told, sent| told == sent,
    );
    if has_other_rules {
        return;
    }
    for (field, tiles) in ["tiles_a", "tiles_b"].into_iter().zip(tiles) {
        round.within(field, tiles, (1, 20), "1 to 20");
    }
    let mines =
        tiles_of(round, "mine_positions", |tiles| tiles.len() == MINES, "five different tiles of 0 to 24");
    let order = tiles_of(round, "reveal_order", |_| true, "different tiles of 0 to 24");

    // How many tiles are safe before the first mine. An order that ends before one leaves it open how many more are.
    let before_mine = mines
        .as_ref()
        .zip(order.as_ref())
        .map(|(mines, order)| order.iter().position(|tile| mines.contains(tile)).unwrap_or(order.len()));
    let before_mine = before_mine.and_then(|count| i64::try_from(count).ok());
    let revealed = order.as_ref().and_then(|order| i64::try_from(order.len()).ok());
    let ends_at_mine = before_mine.zip(revealed).is_some_and(|(before, revealed)| before < revealed);

    // Nothing needs to be told beyond the mine that ended it.
    let most = tiles.iter().flatten().copied().max().unwrap_or(0);
    if let Some(revealed) = revealed.filter(|revealed| *revealed < most && !ends_at_mine) {
        let (told, follows) = (revealed.to_string(), format!("at least {most}"));
        round.violation(Violation::Contradiction { field: "reveal_order", told, follows });
    }

    let mut points = [None; 2];
    let fields = [("safe_a", "busted_a"), ("safe_b", "busted_b")];
    for ((slot, tiles), (safe, busted)) in points.iter_mut().zip(tiles).zip(fields) {
        let told_busted = round.result.flag(busted);
        let follows = tiles
            .zip(before_mine)
            .filter(|(tiles, before)| tiles <= before || ends_at_mine)
            .map(|(tiles, before)| tiles > before);
        round.follows(busted, told_busted, follows);
        let is_busted = follows.or(told_busted);
        let told_safe = round.result.int(safe);
        if let (Some(told), Some(tiles), Some(before), Some(is_busted)) =
            (told_safe, tiles, before_mine, is_busted)
        {
            // What a busted side's safe tiles are, the spec does not show: those before the mine, or none.
            let is_right = if is_busted { told == before || told == 0 } else { told == tiles };
            if !is_right {
                let follows = tiles.min(before).to_string();
                round.violation(Violation::Contradiction { field: safe, told: told.to_string(), follows });
            }
        }
        *slot = is_busted.and_then(|is_busted| if is_busted { Some(0) } else { tiles });
    }
    let [a, b] = points;
    let is_decided = round.won_by(more(a, b));

    if let (Some(seed), Some(mines), Some(order)) = (round.seed, mines, order) {
        let mut hashes = Hashes::new(seed, round.number());
        let in_question = formulas.mine_positions.in_question(LayoutReading::all());
        let layouts = fitting_layouts(&mut hashes, in_question.into_iter(), &mines);
        formulas.mine_positions.fitted(round.number(), layouts, LAYOUT_BITS);
        let in_question = formulas.reveal_order.in_question(OrderReading::all());
        let orders = fitting_orders(&mut hashes, in_question.into_iter(), &order);
        formulas.reveal_order.fitted(round.number(), orders, order_bits(order.len()));
        if is_decided {
            round.basis = Basis::Formulas;
        }
    }
}

/// How much the beginning of an order says about a reading, in bits: there are `25 · 24 · 23 · …` beginnings and 49 readings.
fn order_bits(revealed: usize) -> u32 {
    match revealed {
        0 | 1 => 0,
        2 => 3,
        3 => 8,
        4 => 12,
        _ => 16,
    }
}

fn other_rules(round: &mut Round<'_>, field: &'static str, documented: i64) -> bool {
    let told = round.state.int(field).filter(|told| *told != documented);
    if let Some(told) = told {
        let (told, documented) = (told.to_string(), documented.to_string());
        round.note(Note::OtherRules { field, told, documented });
    }
    told.is_some()
}

/// A list of different tiles.
fn tiles_of(
    round: &mut Round<'_>,
    field: &'static str,
    is_whole: impl Fn(&[u8]) -> bool,
    allowed: &'static str,
) -> Option<Vec<u8>> {
    let told = round.result.ints(field)?;
    let mut tiles: Vec<u8> = Vec::with_capacity(told.len().min(25));
    for tile in &told {
        match u8::try_from(*tile) {
            Ok(tile @ 0..25) if !tiles.contains(&tile) => tiles.push(tile),
            _ => break,
        }
    }
    if tiles.len() == told.len() && is_whole(&tiles) {
        return Some(tiles);
    }
    let told = brief(&serde_json::to_string(&told).unwrap_or_default());
    round.violation(Violation::OutOfRange { field, told, allowed });
    None
}
