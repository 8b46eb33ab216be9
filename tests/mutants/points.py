# SPDX-License-Identifier: BSD-2-Clause
"""Finds what can be changed in a C file, and writes the file with all changes in it at once.

A *point* is a comparison, a logical operator, a condition without either, or an integer constant,
in a function's body. Each gives one or more *mutants*, numbered through all files. The written
file chooses at run time: MUTANT(n) is true in the run that tries mutant n.

It works on tokens and the precedence of C's operators, in our own layout; that nothing was torn
apart is shown by the written files compiling, and passing every test while no mutant is tried.

Not mutated, because they must be constant expressions: case labels, sizes of arrays, designators,
static tables. Nor are the arguments of core_check(), which are assertions; UINT32_MAX, TIME_NEVER
and their like, which are no quantities; and factors between units of time.
"""

import collections
import re

TOKEN = re.compile(r'''
    (?P<space>\s+|/\*.*?\*/|//[^\n]*|^\#(?:[^\n]*\\\n)*[^\n]*)
  | (?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
  | (?P<number>UINT64_C\(\w+\)|0[xX][0-9a-fA-F]+[uUlL]*|\d+[uUlL]*)
  | (?P<word>[A-Za-z_]\w*)
  | (?P<mark><<=|>>=|\.\.\.|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|[-+*/%&|^~!<>=?:;,.(){}\[\]])
''', re.X | re.S | re.M)

PRECEDENCE = {'*': 10, '/': 10, '%': 10, '+': 9, '-': 9, '<<': 8, '>>': 8,
              '<': 7, '<=': 7, '>': 7, '>=': 7, '==': 6, '!=': 6, '&': 5, '^': 4, '|': 3,
              '&&': 2, '||': 1, '?': 0, ':': 0, '=': -1, '+=': -1, '-=': -1, '*=': -1, '/=': -1,
              '%=': -1, '&=': -1, '|=': -1, '^=': -1, '<<=': -1, '>>=': -1, ',': -2}
CHANGES = {'<': ('<=', '>='), '<=': ('<', '>'), '>': ('>=', '<='), '>=': ('>', '<'),
           '==': ('!=',), '!=': ('==',), '&&': ('||',), '||': ('&&',)}
OPENING, CLOSING = {'(': ')', '[': ']', '{': '}'}, {')': '(', ']': '[', '}': '{'}
ENDS = {';', '{', '}', 'return', 'case', 'else', 'do', 'goto'}
TYPES = re.compile(r'(const|struct|enum|unsigned|int|bool|char|size_t|u?int\d+_t|uintptr_t|void)$')
CODES = re.compile(r'VIPMI_(CC|NETFN)_\w+$')
NOT_QUANTITIES = re.compile(r'(NSEC_PER|TIME_NEVER|U?INT\d+_MAX|CORE_NO_COMMAND|NULL)')


class Token:
    def __init__(self, kind, text, start, line):
        self.kind, self.text, self.start, self.line = kind, text, start, line
        self.end = start + len(text)


def tokens_of(text):
    found, line, at = [], 1, 0
    while at < len(text):
        match = TOKEN.match(text, at)
        if not match:
            raise ValueError(f'line {line}: what is {text[at:at + 20]!r}?')
        if match.lastgroup != 'space':
            found.append(Token(match.lastgroup, match.group(), at, line))
        line += match.group().count('\n')
        at = match.end()
    return found


class Mutant:
    """One change: `what` tells it, `line_text` is the line on which it is made."""

    def __init__(self, point, what, replacement):
        self.point, self.what, self.replacement = point, what, replacement
        self.number = None

    def key(self):
        return self.point.file, self.point.function, self.point.line_text, self.what


class Point:
    """The bytes from start to end of a file are one expression, which its mutants replace."""

    def __init__(self, file, function, line, line_text, start, end):
        self.file, self.function, self.line, self.line_text = file, function, line, line_text
        self.start, self.end, self.mutants = start, end, []


def constants_of(texts):
    """Names that stand for integers: object-like macros whose body is one, or is made of such."""
    bodies = {}
    for text in texts:
        text = re.sub(r'/\*.*?\*/', ' ', text, flags=re.S)
        for name, body in re.findall(r'^#define[ \t]+(\w+)[ \t]+((?:\\\n|[^\n])+)', text, re.M):
            bodies[name] = body.strip()
    names = set()
    for name in bodies:
        body = bodies[name]
        for _ in range(4):
            body = re.sub(r'[A-Za-z_]\w*(?!\()', lambda word: bodies.get(word[0], word[0]), body)
        if re.fullmatch(r'[\d\s()+*xXa-fA-FuUlL-]+', re.sub(r'UINT\d+_C', '', body)):
            names.add(name)
    return {name for name in names if not NOT_QUANTITIES.match(name)}


class File:
    def __init__(self, path, text, constants):
        self.path, self.text, self.constants = path, text, constants
        self.lines = text.split('\n')
        self.tokens = tokens_of(text)
        self.partner = self.match_brackets()
        self.points = []
        for name, first, last in self.functions():
            self.function = name
            self.skipped = self.skip(first, last)
            for i in range(first, last):
                if i not in self.skipped:
                    self.look_at(i)
        self.tell_apart()

    def tell_apart(self):
        """The same change in the same text of the same function: the 2nd, 3rd says that it is."""
        times = collections.Counter()
        for mutant in [mutant for point in self.points for mutant in point.mutants]:
            key = mutant.key()
            times[key] += 1
            if times[key] > 1:
                mutant.what += f' ({times[key]})'

    def match_brackets(self):
        partner, open_ones = {}, []
        for i, token in enumerate(self.tokens):
            if token.kind == 'mark' and token.text in OPENING:
                open_ones.append(i)
            elif token.kind == 'mark' and token.text in CLOSING:
                first = open_ones.pop()
                partner[first], partner[i] = i, first
        return partner

    def functions(self):
        i = 0
        while i < len(self.tokens):
            if self.tokens[i].text != '{':
                i += 1
                continue
            if self.tokens[i - 1].text == ')':
                yield self.tokens[self.partner[i - 1] - 1].text, i + 1, self.partner[i]
            i = self.partner[i] + 1

    def skip(self, first, last):
        """Tokens of constant expressions and assertions."""
        skipped = set()
        i, declares, assigned = first, False, False
        while i < last:
            text = self.tokens[i].text
            after = self.tokens[i - 1].text in ';{}' and self.tokens[i - 1].kind == 'mark'
            if after:
                declares, assigned = bool(TYPES.match(text)) or text == 'static', False
            end = i
            if text == 'static' or text == '_Static_assert':
                while self.tokens[end].text != ';':
                    end = self.partner[end] if self.tokens[end].text in OPENING else end + 1
            elif text == 'case':
                while self.tokens[end].text != ':':
                    end += 1
            elif text == 'core_check' or text == 'sizeof':
                end = self.partner[i + 1]
            elif text == '[' and (self.tokens[self.partner[i] + 1].text == '=' and
                                  self.tokens[i - 1].text in '{,' or declares and not assigned):
                end = self.partner[i]
            elif text == '=':
                assigned = True
            if end > i or text == 'sizeof':
                skipped.update(range(i, end + 1))
            i = end + 1
        return skipped

    def unary(self, i):
        before = self.tokens[i - 1]
        return before.text in ('return', 'case') or \
            before.kind == 'mark' and before.text not in (')', ']')

    def precedence(self, i):
        token = self.tokens[i]
        if token.kind != 'mark' or token.text not in PRECEDENCE:
            return None
        if token.text in '*&-+' and self.unary(i):
            return None
        return PRECEDENCE[token.text]

    def left(self, i, least):
        """First token of the operand that ends before i, of operators that bind at least so."""
        while True:
            text = self.tokens[i - 1].text
            if self.tokens[i - 1].kind == 'mark' and text in CLOSING and text != '}':
                i = self.partner[i - 1]
                continue
            precedence = self.precedence(i - 1)
            if text in ENDS or text in OPENING or precedence is not None and precedence < least:
                return i
            i -= 1

    def right(self, i, least):
        """One past the operand that begins at i, of operators that bind more than that."""
        while True:
            text = self.tokens[i].text
            if self.tokens[i].kind == 'mark' and text in OPENING:
                i = self.partner[i] + 1
                continue
            precedence = self.precedence(i)
            if text in ENDS or text in CLOSING or precedence is not None and precedence <= least:
                return i
            i += 1

    def source(self, first, last):
        return self.text[self.tokens[first].start:self.tokens[last - 1].end]

    def point(self, i, first, last, changes):
        line = self.tokens[i].line
        point = Point(self.path, self.function, line,
                      ' '.join(self.lines[line - 1].split()),
                      self.tokens[first].start, self.tokens[last - 1].end)
        for what, replacement in changes:
            point.mutants.append(Mutant(point, what, replacement))
        self.points.append(point)

    def look_at(self, i):
        token = self.tokens[i]
        if token.kind == 'mark' and token.text in CHANGES:
            self.operator(i)
        elif token.kind == 'mark' and token.text == '?':
            self.condition(i, self.left(i, 1), i)
        elif token.text in ('if', 'while') and self.tokens[i + 1].text == '(':
            self.condition(i, i + 2, self.partner[i + 1])
        elif token.kind == 'number':
            self.number(i)
        elif token.kind == 'word' and (token.text in self.constants or CODES.match(token.text)):
            if self.tokens[i - 1].text not in ('.', '->'):
                self.constant(i)

    def operator(self, i):
        sign = self.tokens[i].text
        least = PRECEDENCE[sign]
        first, last = self.left(i, least), self.right(i + 1, least)
        left, right = self.source(first, i), self.source(i + 1, last)
        changes = [(f'{sign} becomes {to}', f'({left}) {to} ({right})') for to in CHANGES[sign]]
        self.point(i, first, last, changes)

    def condition(self, i, first, last):
        """One that has no operator of its own is negated."""
        at = first
        while at < last:
            if self.tokens[at].text in CHANGES:
                return
            at = self.partner[at] + 1 if self.tokens[at].text in OPENING else at + 1
        text = self.source(first, last)
        self.point(i, first, last, [(f'{" ".join(text.split())} is negated', f'!({text})')])

    def told_already(self, i, step):
        """Whether `a < C + 1` is what `a <= C` is, which the comparison's own mutants have."""
        sign = self.tokens[i - 1].text
        return self.right(i, PRECEDENCE['<']) == i + 1 and \
            sign in (('<', '>=') if step > 0 else ('<=', '>'))

    def number(self, i):
        text = self.tokens[i].text
        digits = re.search(r'(UINT64_C\()?(0[xX][0-9a-fA-F]+|\d+)', text)
        value = int(digits[2], 0)
        changes = []
        for to in (value + 1, value - 1):
            if to >= 0 and not self.told_already(i, to - value):
                written = text.replace(digits[2], hex(to) if 'x' in digits[2].lower() else str(to))
                changes.append((f'{text} becomes {written}', written))
        self.point(i, i, i + 1, changes)

    def constant(self, i):
        text = self.tokens[i].text
        changes = [(f'{text} becomes {text} {sign} 1', f'({text} {sign} 1)')
                   for sign, step in (('+', 1), ('-', -1))
                   if not self.told_already(i, step) and (step > 0 or not CODES.match(text))]
        self.point(i, i, i + 1, changes)

    def written(self):
        """The file with every mutant in it; they must have their numbers."""
        points = sorted(self.points, key=lambda point: (point.start, -point.end))
        at = 0

        def render(start, end):
            nonlocal at
            out, here = [], start
            while at < len(points) and points[at].start < end:
                point = points[at]
                at += 1
                out.append(self.text[here:point.start])
                inner = render(point.start, point.end)
                choices = ''.join(f'MUTANT({mutant.number}) ? {mutant.replacement} : '
                                  for mutant in point.mutants)
                out.append(f'({choices}{inner})')
                here = point.end
            out.append(self.text[here:end])
            return ''.join(out)

        return render(0, len(self.text))
