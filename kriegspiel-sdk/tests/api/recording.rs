//! Recorded exchanges: one JSON object a line.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::server::{Answer, answer};

#[derive(Debug, Clone)]
pub(crate) struct Exchange {
    /// `scenario#seq`.
    pub(crate) name: String,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: HashMap<String, String>,
    pub(crate) body: Option<String>,
    pub(crate) status: u16,
    kind: String,
    pub(crate) answer: String,
}

impl Exchange {
    fn parse(line: &str) -> Self {
        let value: Value = serde_json::from_str(line).unwrap();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (request, response) = (&value["request"], &value["response"]);
        let target = text(&request["path"]);
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let kind =
            response["headers"].as_array().into_iter().flatten().find(|header| {
                header[0].as_str().is_some_and(|name| name.eq_ignore_ascii_case("content-type"))
            });
        Self {
            name: format!("{}#{}", text(&value["scenario"]), value["seq"]),
            method: text(&request["method"]),
            path: path.to_owned(),
            query: pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            body: request["body"].as_str().filter(|body| !body.is_empty()).map(str::to_owned),
            status: u16::try_from(response["status"].as_u64().unwrap()).unwrap(),
            kind: kind.map(|header| text(&header[1])).unwrap_or_default(),
            answer: text(&response["body"]),
        }
    }

    /// The path's segments.
    pub(crate) fn segments(&self) -> Vec<&str> {
        self.path.split('/').filter(|segment| !segment.is_empty()).collect()
    }

    pub(crate) fn is_success(&self) -> bool {
        self.status < 300
    }

    /// The answer as the server gave it.
    pub(crate) fn replayed(&self) -> Answer {
        answer(self.status, &self.kind, &self.answer)
    }
}

/// The exchanges of every `.jsonl` file in a directory, file by file, in their order.
pub(crate) fn read_directory(directory: &Path) -> Vec<(String, Vec<Exchange>)> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(directory)
        .unwrap_or_else(|error| panic!("{}: {error}", directory.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "jsonl"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no recordings in {}", directory.display());
    files
        .into_iter()
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let text = std::fs::read_to_string(&path).unwrap();
            (name, text.lines().filter(|line| !line.trim().is_empty()).map(Exchange::parse).collect())
        })
        .collect()
}

pub(crate) fn own_captures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/captures")
}
