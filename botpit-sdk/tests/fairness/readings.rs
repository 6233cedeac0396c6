//! Formulas that can be read in more ways than one.

use botpit_sdk::fairness::derivation::{
    Collision, Counting, CrashReading, Endian, LayoutReading, OrderReading, Precision, Reduction,
    RingReading, Rounding, Shuffle, crash_point, mine_positions, reveal_order, target,
};
use botpit_sdk::fairness::{Readings, Verdict, commitment};
use serde_json::{Value, json};

use super::scenes::{codes, honest, notes, verify, verify_on};

/// A match of crash in which every point is what a reading gives.
fn crash(seed: &str, reading: CrashReading) -> Value {
    let mut scene = honest("crash");
    rename(&mut scene, seed);
    for at in 0..2 {
        let point = crash_point(seed, u32::try_from(at).unwrap() + 1, reading);
        let round = &mut scene["rounds"][at];
        round["state"]["history"] = json!([]);
        let (a, b) = (1.01_f64.min(point), 10.0);
        let wins = point >= 1.01;
        (round["mine"]["cashout"], round["result"]["cashout_a"]) = (json!(1.01), json!(1.01));
        (round["result"]["cashout_b"], round["result"]["crash_point"]) = (json!(b), json!(point));
        assert!(wins && a == 1.01 && point < 10.0, "choose another seed than {seed}: {point}");
    }
    scene
}

fn ring(seed: &str, endian: Endian) -> Value {
    let mut scene = honest("reaction_ring");
    rename(&mut scene, seed);
    for at in 0..2 {
        let target = target(seed, u32::try_from(at).unwrap() + 1, RingReading { endian });
        let round = &mut scene["rounds"][at];
        round["state"]["history"] = json!([]);
        round["mine"]["guess"] = json!(target);
        let (far, distance) = if target > 500 { (1, target - 1) } else { (1_000, 1_000 - target) };
        for (field, value) in [
            ("target", target),
            ("guess_a", target),
            ("guess_b", far),
            ("distance_a", 0),
            ("distance_b", distance),
        ] {
            round["result"][field] = json!(value);
        }
    }
    scene
}

fn rename(scene: &mut Value, seed: &str) {
    (scene["seed"], scene["hash"], scene["id"]) =
        (json!(seed), json!(commitment(seed)), json!(format!("m-{seed}")));
}

const BE: CrashReading =
    CrashReading { endian: Endian::Be, precision: Precision::F64, rounding: Rounding::Floor };
const LE: CrashReading = CrashReading { endian: Endian::Le, ..BE };

/// Seeds of matches in which the first two points are between 1.01 and 10 by every reading.
fn seeds() -> impl Iterator<Item = String> {
    (0..).map(|number| format!("seed-{number}")).filter(|seed| {
        [1, 2].iter().all(|round| {
            CrashReading::ALL.iter().all(|reading| (1.02..9.9).contains(&crash_point(seed, *round, *reading)))
        })
    })
}

#[test]
fn every_reading_of_crash_is_verified() {
    let seed = seeds().next().unwrap();
    for reading in CrashReading::ALL {
        let report = verify(&crash(&seed, reading));
        assert_eq!((report.verdict(), codes(&report).len()), (&Verdict::Verified, 0), "{reading}: {report}");
        assert!(report.readings().crash_point.contains(&reading));
    }
}

#[test]
fn both_readings_of_the_ring_are_verified() {
    for endian in Endian::ALL {
        let report = verify(&ring("f9e8d7c6", endian));
        assert_eq!(report.verdict(), &Verdict::Verified, "{report}");
        assert_eq!(report.readings().target, [RingReading { endian }]);
    }
}

#[test]
fn every_reading_of_mines_is_verified() {
    let (mut layouts, mut orders) =
        (LayoutReading::all().collect::<Vec<_>>(), OrderReading::all().collect::<Vec<_>>());
    layouts.resize(orders.len(), layouts[0]);
    orders.rotate_left(5);
    for (layout, order) in layouts.into_iter().zip(orders) {
        let mut scene = honest("mines");
        let mut won = 0;
        for at in 0..2 {
            let number = u32::try_from(at).unwrap() + 1;
            let (mines, tiles) =
                (mine_positions("f9e8d7c6", number, layout), reveal_order("f9e8d7c6", number, order));
            let before = tiles.iter().take_while(|tile| !mines.contains(tile)).count();
            let round = &mut scene["rounds"][at];
            round["state"]["history"] = json!([]);
            // B takes all but the mines and busts; A takes one and may bust as well.
            let is_busted = before == 0;
            won += u32::from(!is_busted);
            round["mine"]["tiles"] = json!(1);
            for (field, value) in [
                ("tiles_a", json!(1)),
                ("tiles_b", json!(20)),
                ("safe_a", json!(before.min(1))),
                ("safe_b", json!(before.min(20))),
                ("busted_a", json!(is_busted)),
                ("busted_b", json!(before < 20)),
                ("mine_positions", json!(mines)),
                ("reveal_order", json!(tiles)),
                ("round_winner", json!((!is_busted).then_some("agent-a"))),
            ] {
                round["result"][field] = value;
            }
            (round["score"], round["state"]["score"]) = (Value::Null, Value::Null);
        }
        (scene["final_score"], scene["payout"]) = (json!([won, 0]), Value::Null);
        scene["winner"] = json!((won == 2).then_some("agent-a"));
        let report = verify(&scene);
        assert_eq!(
            (report.verdict(), codes(&report).len()),
            (&Verdict::Verified, 0),
            "{layout}, {order}: {report}"
        );
        assert!(
            report.readings().mine_positions.contains(&layout)
                && report.readings().reveal_order.contains(&order)
        );
    }
}

#[test]
fn an_unmatched_guess_is_never_cheating() {
    let mut scene = ring("f9e8d7c6", Endian::Be);
    // Round 2 is by the other reading: no single one fits both.
    let other = ring("f9e8d7c6", Endian::Le);
    (scene["rounds"][1]["result"], scene["rounds"][1]["mine"]) =
        (other["rounds"][1]["result"].clone(), other["rounds"][1]["mine"].clone());
    let report = verify(&scene);
    assert_eq!((report.verdict(), codes(&report).len()), (&Verdict::Consistent, 0), "{report}");
    assert_eq!((report.consistent(), report.fair()), (2, Some(true)));
    assert!(notes(&report).contains(&"no_reading_fits".to_owned()));
    // And nothing was learnt.
    let readings = Readings::new();
    verify_on(&readings, &scene);
    assert_eq!(readings.host("sandbox").ring().len(), 2);
}

#[test]
fn a_reading_is_pinned_for_the_host_and_a_pin_that_stops_fitting_is_a_warning() {
    let readings = Readings::new();
    let seeds: Vec<String> = seeds().take(4).collect();
    let report = verify_on(&readings, &crash(&seeds[0], LE));
    assert_eq!(report.verdict(), &Verdict::Verified);
    // Both widths give the same hundredths here: both stay open.
    let open = readings.host("sandbox").crash();
    assert!(open.contains(&LE) && open.iter().all(|reading| reading.endian == Endian::Le), "{open:?}");

    let report = verify_on(&readings, &crash(&seeds[1], BE));
    assert_eq!((report.verdict(), codes(&report).len()), (&Verdict::Consistent, 0), "{report}");
    assert!(notes(&report).contains(&"pinned_reading_does_not_fit".to_owned()));
    assert!(report.notes().iter().any(botpit_sdk::fairness::Note::is_warning));

    // It is remembered over a restart, shared by clones, and a matter of the host.
    let kept: Readings = serde_json::from_str(&serde_json::to_string(&readings).unwrap()).unwrap();
    let report = verify_on(&kept.clone(), &crash(&seeds[2], LE));
    assert_eq!(report.verdict(), &Verdict::Verified);
    assert_eq!(kept.host("elsewhere").crash().len(), 12);
    kept.forget("sandbox");
    assert_eq!(verify_on(&kept, &crash(&seeds[3], BE)).verdict(), &Verdict::Verified);
}

#[test]
fn the_forms_of_readings_are_stable() {
    let layout = LayoutReading { first: 1, reduction: Reduction::U16Le, collision: Collision::Next };
    let order = OrderReading {
        shuffle: Shuffle::InsideOut,
        counting: Counting::StepsFromZero,
        reduction: Reduction::U8,
    };
    let told = json!([BE, RingReading { endian: Endian::Le }, layout, order]);
    let expected = json!([
        {"endian": "be", "precision": "f64", "rounding": "floor"},
        {"endian": "le"},
        {"first": 1, "reduction": "u16_le", "collision": "next"},
        {"shuffle": "inside_out", "counting": "steps_from_zero", "reduction": "u8"},
    ]);
    assert_eq!(told, expected);
}
