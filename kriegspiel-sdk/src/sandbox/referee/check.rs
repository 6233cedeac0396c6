//! How a check is told: by the line between the attacker and the king.

use crate::model::{SpecialAnnouncement, Square, SquareSet};

/// The announcement of a check, and the single ones of a double check in the order of the attackers' squares. `None` when
/// nobody gives check.
pub(super) fn check(
    king: Square,
    attackers: SquareSet,
) -> Option<(SpecialAnnouncement, Vec<SpecialAnnouncement>)> {
    let mut kinds: Vec<_> = attackers.iter().map(|attacker| line(attacker, king)).collect();
    match kinds.len() {
        0 => None,
        1 => kinds.pop().map(|kind| (kind, Vec::new())),
        _ => Some((SpecialAnnouncement::CheckDouble, kinds)),
    }
}

/// Of a king's two diagonals the long one leads towards the centre: it rises to the right in the quarters a1–d4 and e5–h8,
/// and falls in the other two.
fn line(attacker: Square, king: Square) -> SpecialAnnouncement {
    let files = attacker.file().abs_diff(king.file());
    let ranks = attacker.rank().abs_diff(king.rank());
    if files == 0 {
        return SpecialAnnouncement::CheckFile;
    }
    if ranks == 0 {
        return SpecialAnnouncement::CheckRank;
    }
    if files != ranks {
        return SpecialAnnouncement::CheckKnight;
    }
    let rises = (attacker.file() > king.file()) == (attacker.rank() > king.rank());
    let long_one_rises = (king.file() < 4) == (king.rank() < 4);
    if rises == long_one_rises {
        SpecialAnnouncement::CheckLongDiagonal
    } else {
        SpecialAnnouncement::CheckShortDiagonal
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(king: &str, attackers: &[&str]) -> (SpecialAnnouncement, Vec<SpecialAnnouncement>) {
        let attackers = attackers.iter().map(|square| square.parse::<Square>().unwrap()).collect();
        check(king.parse().unwrap(), attackers).unwrap()
    }

    #[test]
    fn the_diagonals_of_each_quarter() {
        use SpecialAnnouncement::{CheckLongDiagonal, CheckShortDiagonal};
        for (king, rising, falling) in [
            ("b2", CheckLongDiagonal, CheckShortDiagonal),
            ("d4", CheckLongDiagonal, CheckShortDiagonal),
            ("e5", CheckLongDiagonal, CheckShortDiagonal),
            ("g7", CheckLongDiagonal, CheckShortDiagonal),
            ("b7", CheckShortDiagonal, CheckLongDiagonal),
            ("d5", CheckShortDiagonal, CheckLongDiagonal),
            ("e4", CheckShortDiagonal, CheckLongDiagonal),
            ("g2", CheckShortDiagonal, CheckLongDiagonal),
        ] {
            let square: Square = king.parse().unwrap();
            for (files, ranks, expected) in
                [(1, 1, &rising), (-1, -1, &rising), (1, -1, &falling), (-1, 1, &falling)]
            {
                let attacker = square.offset(files, ranks).unwrap().to_string();
                assert_eq!(told(king, &[&attacker]), (expected.clone(), Vec::new()), "{attacker} to {king}");
            }
        }
    }

    #[test]
    fn two_checks_are_told_in_the_order_of_the_squares() {
        use SpecialAnnouncement::{CheckDouble, CheckFile, CheckKnight, CheckRank};
        assert_eq!(told("e8", &["e1", "d6"]), (CheckDouble, vec![CheckFile, CheckKnight]));
        assert_eq!(told("e8", &["a8", "d6"]), (CheckDouble, vec![CheckKnight, CheckRank]));
        assert_eq!(check("e8".parse().unwrap(), SquareSet::EMPTY), None);
    }
}
