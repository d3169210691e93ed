use crate::opcode::Opcode;
use crate::request::Request;
use crate::value::Value;

/// Which frames a rule is for. All that is said must hold.
///
/// Unless an opcode says otherwise these are the frames with statements, without those that the driver
/// sends to learn about the cluster.
#[derive(Clone, Debug, Default)]
pub struct Match {
    opcodes: Vec<Opcode>,
    nodes: Vec<usize>,
    connections: Vec<u64>,
    contains: Vec<String>,
    text: Option<String>,
    body: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    with_driver: bool,
}

impl Match {
    /// All frames with statements.
    #[must_use]
    pub fn any() -> Self {
        Self::default()
    }

    /// Frames of this opcode, or of one more if this is said again.
    #[must_use]
    pub fn opcode(opcode: Opcode) -> Self {
        Self::any().or_opcode(opcode)
    }

    /// Frames of this opcode too.
    #[must_use]
    pub fn or_opcode(mut self, opcode: Opcode) -> Self {
        self.opcodes.push(opcode);
        self
    }

    /// At this node, or at one more if this is said again.
    #[must_use]
    pub fn node(mut self, index: usize) -> Self {
        self.nodes.push(index);
        self
    }

    /// On this connection, or on one more if this is said again.
    #[must_use]
    pub fn connection(mut self, number: u64) -> Self {
        self.connections.push(number);
        self
    }

    /// With this in the text of a statement.
    #[must_use]
    pub fn statement_contains(mut self, part: impl Into<String>) -> Self {
        self.contains.push(part.into());
        self
    }

    /// With exactly this text.
    #[must_use]
    pub fn statement(mut self, text: impl Into<String>) -> Self {
        self.text = Some(text.into());
        self
    }

    /// With these bytes anywhere in the body of the frame.
    #[must_use]
    pub fn body_contains(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.body = Some(bytes.into());
        self
    }

    /// With a value of these bytes bound to a marker of the first statement.
    #[must_use]
    pub fn value(mut self, value: impl Into<Value>) -> Self {
        self.value = Some(value.into().0.unwrap_or_default());
        self
    }

    /// Also frames that the driver sends to learn about the cluster.
    #[must_use]
    pub fn including_driver(mut self) -> Self {
        self.with_driver = true;
        self
    }

    pub(crate) fn accepts(&self, request: &Request<'_>, of_driver: bool) -> bool {
        fn allowed<T: PartialEq>(of: &[T], found: &T) -> bool {
            of.is_empty() || of.contains(found)
        }
        let opcode = if self.opcodes.is_empty() {
            request.opcode.has_statement()
        } else {
            self.opcodes.contains(&request.opcode)
        };
        opcode
            && (!of_driver || self.with_driver)
            && allowed(&self.nodes, &request.node)
            && allowed(&self.connections, &request.connection)
            && (self.contains.iter()).all(|part| request.texts().any(|text| text.contains(part.as_str())))
            && (self.text.as_ref()).is_none_or(|wanted| request.texts().any(|text| **text == **wanted))
            && (self.body.as_ref()).is_none_or(|part| contains(request.body, part))
            && (self.value.as_ref()).is_none_or(|wanted| request.values().contains(&Some(wanted.as_slice())))
    }
}

fn contains(body: &[u8], part: &[u8]) -> bool {
    part.is_empty() || body.windows(part.len()).any(|window| window == part)
}
