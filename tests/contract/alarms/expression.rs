//! CloudWatch's metric math, as far as the alarms use it.

/// Evaluates an expression of CloudWatch's metric math at one moment: what of it the template uses, with the precedence of C.
///
/// `None` is a missing point. An operation on a missing point is missing here, which is stricter than CloudWatch: it takes a
/// missing point for 0 where other operands have one.
pub fn evaluate(expression: &str, metric: &dyn Fn(&str) -> Option<f64>) -> Option<f64> {
    let mut rest = Expression { tokens: tokens(expression), at: 0, metric };
    let value = rest.operation(0);
    assert_eq!(rest.at, rest.tokens.len(), "{expression}");
    value
}

fn tokens(mut text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    loop {
        text = text.trim_start();
        let Some(first) = text.chars().next() else { return tokens };
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
        let length = if is_word(first) {
            text.find(|c| !is_word(c)).unwrap_or(text.len())
        } else if [">=", "<=", "==", "!=", "&&", "||"].iter().any(|operator| text.starts_with(operator)) {
            2
        } else {
            1
        };
        let (token, rest) = text.split_at(length);
        tokens.push(token);
        text = rest;
    }
}

struct Expression<'e> {
    tokens: Vec<&'e str>,
    at: usize,
    metric: &'e dyn Fn(&str) -> Option<f64>,
}

/// From those that bind least.
const OPERATORS: [&[&str]; 5] =
    [&["OR", "||"], &["AND", "&&"], &[">", ">=", "<", "<=", "==", "!="], &["+", "-"], &["*", "/"]];

impl<'e> Expression<'e> {
    fn peek(&self) -> &'e str {
        self.tokens.get(self.at).copied().unwrap_or("")
    }

    fn next(&mut self) -> &'e str {
        let token = self.peek();
        self.at += 1;
        token
    }

    fn expect(&mut self, token: &str) {
        assert_eq!(self.next(), token, "token {} of {:?}", self.at, self.tokens);
    }

    fn operation(&mut self, precedence: usize) -> Option<f64> {
        let Some(operators) = OPERATORS.get(precedence) else { return self.operand() };
        let mut left = self.operation(precedence + 1);
        while operators.contains(&self.peek()) {
            let operator = self.next();
            let right = self.operation(precedence + 1);
            left = left.zip(right).and_then(|(left, right)| applied(operator, left, right));
        }
        left
    }

    fn operand(&mut self) -> Option<f64> {
        let token = self.next();
        if token == "(" {
            let value = self.operation(0);
            self.expect(")");
            return value;
        }
        if let Ok(number) = token.parse() {
            return Some(number);
        }
        if self.peek() == "(" {
            return self.call(token);
        }
        (self.metric)(token)
    }

    fn call(&mut self, function: &str) -> Option<f64> {
        let mut arguments = Vec::new();
        self.expect("(");
        loop {
            arguments.push(self.operation(0));
            if self.peek() != "," {
                break;
            }
            self.expect(",");
        }
        self.expect(")");
        match (function, &arguments[..]) {
            ("FILL", &[value, filling]) => value.or(filling),
            ("IF", &[condition, then, otherwise]) => {
                condition.and_then(|condition| if condition == 0.0 { otherwise } else { then })
            }
            other => panic!("{other:?} is a call that these tests do not know"),
        }
    }
}

/// A division by zero has no value: CloudWatch drops the point.
#[expect(clippy::float_cmp, reason = "CloudWatch compares so")]
fn applied(operator: &str, left: f64, right: f64) -> Option<f64> {
    let truth = |truth: bool| Some(f64::from(u8::from(truth)));
    match operator {
        "OR" | "||" => truth(left != 0.0 || right != 0.0),
        "AND" | "&&" => truth(left != 0.0 && right != 0.0),
        ">" => truth(left > right),
        ">=" => truth(left >= right),
        "<" => truth(left < right),
        "<=" => truth(left <= right),
        "==" => truth(left == right),
        "!=" => truth(left != right),
        "+" => Some(left + right),
        "-" => Some(left - right),
        "*" => Some(left * right),
        "/" => (right != 0.0).then(|| left / right),
        other => panic!("{other} is an operator that these tests do not know"),
    }
}

#[test]
fn expressions_are_evaluated_as_cloudwatch_does() {
    let metric = |id: &str| match id {
        "two" => Some(2.0),
        "zero" => Some(0.0),
        "missing" => None,
        other => panic!("{other}"),
    };
    for (expression, value) in [
        ("1 + two * 3", Some(7.0)),
        ("(1 + two) * 3", Some(9.0)),
        ("6 - 3 - two", Some(1.0)),
        ("two >= 2 AND 1 + 1 > 2", Some(0.0)),
        ("two > 2 OR two == 2 AND zero < 1", Some(1.0)),
        ("two > 2 || two != 2 && zero <= 1", Some(0.0)),
        ("FILL(missing, 4) + FILL(two, 4)", Some(6.0)),
        ("missing + 1", None),
        ("1 / zero", None),
        ("IF(two, 5, 6)", Some(5.0)),
        ("IF(zero, 5, 6)", Some(6.0)),
        ("IF(missing, 5, 6)", None),
        ("IF(zero, missing, 6)", Some(6.0)),
    ] {
        assert_eq!(evaluate(expression, &metric), value, "{expression}");
    }
}
