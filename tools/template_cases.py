# SPDX-License-Identifier: Apache-2.0
"""Small templates, each about one thing, and the variables that they all see."""

PEOPLE = {"people": [{"name": "bob", "age": 31, "city": {"n": "Bern"}}, {"name": "Alice", "age": 25, "city": {"n": "Aarau"}},
                     {"name": "carl", "age": 25, "city": {"n": "bern"}}, {"name": "dora"}]}
DATA = {"s": "Hello, World", "u": "na\u00efve \u00dfa\u0130 \u65e5\u672c \U0001F600", "n": 7, "f": 2.5, "neg": -3, "t": True, "no": None,
        "l": [3, 1, 2], "d": {"b": 1, "a": 2, "items": 3}, "e": [], "w": "  pad \n", "q": "it's \"q\" \\ \t\x01"}

EXPRESSIONS = """
1 + 2 * 3 - 4 / 2
7 // 2
-7 // 2
7 // -2
7 % 3
-7 % 3
7 % -3
7.5 // 2
-7.5 % 2
2 ** 10
2 ** -1
2 ** 3 ** 2
-2 ** 2
(-2) ** 2
10 / 4
1 / 3
1e16
1e15
123456789.123
1e-5
0.0001
1e100
-0.0
3.0
0.1 + 0.2
1.5e3
5e-324
1_000
0x1F
0b101
0o17
9223372036854775807
9223372036854775807 + 1
9223372036854775808
1 // 0
1 % 0
1 / 0
1.0 / 0
true + true
1 == 1.0
1 == true
'a' == 'a'
[1, 2] == [1, 2]
(1, 2) == [1, 2]
{'a': 1} == {'a': 1.0}
1 < 2 < 3
1 < 3 < 2
3 > 2 >= 2
'a' < 'b'
[1, 2] < [1, 3]
1 < 'a'
none < 1
1 in [1, 2]
3 not in [1, 2]
'ell' in s
1 in 'abc'
'a' in d
'zz' in d
2 in range(3)
not true
not ''
true and 'x'
false or 'y'
'' or 'z'
0 and 1 / 0
1 or 1 / 0
none or false or []
'yes' if true else 'no'
'yes' if false
('yes' if false) is defined
1 if 0 else 2 if 0 else 3
'a' ~ 1 ~ none ~ 2.0 ~ true
'a' + 'b'
'a' + 1
'ab' * 3
3 * 'ab'
[1] * 3
'a' * -1
[1] + [2, 3]
(1,) + (2,)
[1] + (2,)
'%s is %d' % ('x', 5)
'%5.2f|%-5s|%05d|%x|%X|%o|%e|%g|%c|%%' % (3.14159, 'a', 42, 255, 255, 8, 12345.678, 0.0001, 'z')
'%s' % [1, 2]
'%(a)s-%(b)s' % {'a': 1, 'b': 2}
'%s' % none
'%r' % 'q'
'%+d % d' % (3, 4)
'%s %s' % ('a',)
'%s' % ('a', 'b')
'abc' % 1
'%d' % 'x'
'%d' % 3.9
'%.3s|%10.2s|' % ('abcdef', 'xyz')
'%*d' % (5, 3)
'%#x %#o' % (255, 8)
'%i' % 5
'%.3d' % 5
'{} {}'.format(1, 'a')
'{1} {0}'.format(1, 'a')
'{a} {b!r}'.format(a=1, b='x')
'{:>5}|{:<5}|{:^5}|{:*^7}'.format(1, 2, 3, 4)
'{:05d}|{:+d}|{:,}|{:x}|{:#b}|{:o}'.format(42, 5, 1234567, 255, 5, 8)
'{:.2f}|{:8.3f}|{:e}|{:g}|{:%}'.format(3.14159, 2.5, 12345.678, 0.00001, 0.25)
'{:.3}|{:10}|{:>10}'.format('abcdef', 'x', 'y')
'{0[0]} {0[1]} {1[a]}'.format([1, 2], {'a': 3})
'{{}} {}'.format(1)
'{}'.format()
'{} {0}'.format(1)
'{:{}}'.format('a', 5)
'{a}'.format()
'{'.format()
'}'.format()
'{!x}'.format(1)
'{:d}'.format('a')
'{:s}'.format(1)
'{}'.format(none)
'{:5}'.format(true)
'{:.3}'.format(3.14159)
'{:.3}'.format(1234567.0)
'{:c}'.format(65)
'{:_}'.format(1234567)
'{a}'.format_map({'a': 1})
s[0]
s[-1]
s[100]
s[1:4]
s[::-1]
s[::2]
s[-3:]
s[:-3]
s[5:2]
s[10:0:-3]
u[::-1]
u[4:8]
u[-1]
l[0]
l[-1]
l[9]
l[1:]
l[::-1]
l['a']
l[::0]
(1, 2, 3)[1:]
range(10)[2:8:2]
range(5)[-1]
d.b
d['b']
d.zz
d.zz.y
d.items
d['items']
d.items()
d.keys()
d.values()
d.items()|list
d.get('a')
d.get('x')
d.get('x', 5)
d.get('x') is none
d.pop('a')
d.update({})
d.copy()
l.append(4)
l.pop()
l.index(1)
l.index(9)
l.count(3)
s.__class__
s.upper.__self__
s._x
n.real
n.imag
n.numerator
f.is_integer()
nope
nope.x
nope['x']
nope + 1
nope ~ 'x'
nope == nope2
nope is defined
nope is undefined
nope|default('d')
''|default('d')
''|default('d', true)
none|default('d')
nope|length
nope|list
nope|upper
nope|int
nope()
nope[0:1]
not nope
nope in [1]
1 in nope
s.upper()
s.lower()
s.title()
'they\\'re bill\\'s'.title()
u.upper()
u.lower()
u.title()
u.capitalize()
u.swapcase()
u.casefold()
'ΑΣ ΑΣΑ Σ'.lower()
s.split()
s.split(',')
s.split(', ', 1)
' a  b '.split()
' a  b '.split(' ')
'a,b,c'.split(',', 1)
'a,b,c'.rsplit(',', 1)
'a b  c'.rsplit(none, 1)
'a b  c '.split(none, 1)
'a'.split('')
'a\\nb\\r\\nc\\x0bd\\u2028e'.splitlines()
'a\\nb\\n'.splitlines(true)
''.split()
''.split(',')
''.splitlines()
w.strip()
w.lstrip()
w.rstrip()
'xxaxx'.strip('x')
'abcab'.strip('ab')
'abc'.strip('')
'abc'.startswith('ab')
'abc'.startswith(('x', 'a'))
'abc'.startswith('b', 1)
'abc'.endswith('bc')
'abc'.endswith('b', 0, 2)
'abcabc'.find('c')
'abcabc'.find('c', 3)
'abcabc'.find('z')
'abcabc'.rfind('c')
'abcabc'.index('z')
'abcabc'.index('b', -4)
u.find('日')
'abcabc'.count('bc')
'aaa'.count('aa')
'aaa'.count('')
'abc'.replace('b', 'X')
'abc'.replace('', '-')
'aaa'.replace('a', 'b', 2)
'日本'.replace('', '-')
','.join(['a', 'b'])
','.join([1])
','.join('abc')
'a-b-c'.partition('-')
'a-b-c'.rpartition('-')
'abc'.partition('-')
'abc'.rpartition('-')
'abc'.removeprefix('ab')
'abc'.removesuffix('bc')
'abc'.removeprefix('x')
'abc'.isalpha()
'ab1'.isalnum()
'12'.isdigit()
'²'.isdigit()
'²'.isdecimal()
'½'.isnumeric()
' '.isspace()
''.isspace()
'AB'.isupper()
'aB'.islower()
'Ab Cd'.istitle()
'ab_1'.isidentifier()
'7'.zfill(3)
'-7'.zfill(4)
'a'.ljust(3, '.') ~ '|'
'a'.rjust(3) ~ '|'
'a'.center(4, '*')
'ab'.center(5, '*')
'a\\tb'.expandtabs(4)
'abc'.upper(1)
'abc'.nothing()
s|upper
s|lower
s|title
'foo-bar (baz) qux'|title
s|capitalize
s|length
u|length
u|count
d|length
5|length
s|first
s|last
l|first
e|first
e|last
l|last
d|first
d|last
l|join
l|join(', ')
people|join(', ', attribute='name')
l|sort
l|sort(reverse=true)
['b', 'A', 'c']|sort
['b', 'A', 'c']|sort(case_sensitive=true)
people[:3]|sort(attribute='age')|map(attribute='name')|list
people[:3]|sort(attribute='age,name')|map(attribute='name')|list
[1, 'a']|sort
d|sort
d|dictsort
d|dictsort(by='value', reverse=true)
{'B': 1, 'a': 2}|dictsort
{'B': 1, 'a': 2}|dictsort(true)
d|dictsort(by='x')
l|min
l|max
e|min
['b', 'A']|min
people[:3]|max(attribute='age')
l|sum
l|sum(start=10)
people[:3]|sum(attribute='age')
['a']|sum
l|reverse
l|reverse|list
s|reverse
d|reverse|list
5|reverse
l|list
s|list
5|list
l|unique|list
['a', 'A', 'b']|unique|list
['a', 'A', 'b']|unique(true)|list
[1, 2, 3, 4, 5]|batch(2)|list
[1, 2, 3, 4, 5]|batch(2, 'x')|list
[1, 2, 3, 4, 5]|slice(2)|list
[1, 2, 3, 4, 5]|slice(3, 'x')|list
people|map(attribute='name')|list
people|map(attribute='city.n')|list
people|map(attribute='age', default=0)|list
['a', 'b']|map('upper')|list
['a', 'b']|map('replace', 'a', 'x')|list
l|map('nofilter')|list
l|map()|list
l|select('odd')|list
l|reject('odd')|list
l|select('gt', 1)|list
[0, 1, '', 'a']|select|list
people|selectattr('age')|map(attribute='name')|list
people|selectattr('age', 'equalto', 25)|map(attribute='name')|list
people|rejectattr('age', 'defined')|map(attribute='name')|list
people|selectattr('name', 'in', ['bob', 'dora'])|map(attribute='name')|list
l|select('odd')|length
l|select('odd') is defined
'yes' if e|select else 'no'
'yes' if nope|map('upper') else 'no'
people[:3]|groupby('city.n')|map(attribute='grouper')|list
people|groupby('age', default=0)|map('first')|list
people|groupby('age')
(people[:3]|groupby('age'))[0].list|length
d|items|list
nope|items|list
5|items|list
'a b'|replace('a', 'c')
5|replace(5, 6)
'aaa'|replace('a', 'b', 1)
w|trim
'xax'|trim('x')
5|trim
'x'|center(5) ~ '|'
'a\\nb\\n\\nc'|indent
'a\\nb\\n\\nc'|indent(2, true)
'a\\nb\\n\\nc'|indent(2, blank=true)
'a\\nb'|indent('> ')
'a\\nb\\n'|indent(2)
''|indent(2, true)
'foo bar baz qux'|truncate(9)
'foo bar baz qux'|truncate(9, true)
'foo bar baz qux'|truncate(11)
'foo bar baz qux'|truncate(11, false, '...', 0)
'foo bar baz qux'|truncate(2)
'hello big world'|wordcount
'a long-ish text that must be wrapped, well-known words and all'|wordwrap(12)
'abcdefghijklmnop qr'|wordwrap(5)
'abcdefghijklmnop qr'|wordwrap(5, false)
'one\\n\\ntwo three'|wordwrap(5)
'x -- y--z a-b-c'|wordwrap(3)
'<a href="x">\\'&'|e
'<'|escape ~ '<'
'<'|safe ~ '<'
('<'|safe) + '<'
'<'|e|e
'<'|e|forceescape
('%s'|safe) % '<'
('{}'|safe).format('<')
('<'|safe).upper()
[('<'|safe), '<']|join('&')
('&'|safe).join(['<'])
('<'|safe)|replace('<', '>') ~ '<'
('a'|safe) is escaped
'<p>Hi  &amp; <!-- c -->\\n there</p>'|striptags
{'a': 1, 'b': none, 'c': '"'}|xmlattr
{'a b': 1}|xmlattr
'a b/c?d=é'|urlencode
{'a': 'b c', 'd': '/'}|urlencode
[['a', 1]]|urlencode
'42'|int
'42.7'|int
'x'|int
'x'|int(5)
'0x1F'|int(base=16)
'ff'|int(0, 16)
' 12 '|int
'1_000'|int
'٣'|int
none|int
[]|int
3.9|int
-3.9|int
true|int
'1e3'|int
'99999999999999999999'|int
'3.5'|float
'x'|float
'inf'|float
'nan'|float
'1e400'|float
none|float(2.5)
2.5|round
3.5|round
2.675|round(2)
1234.5|round(-2)
1234|round(-2)
1250|round(-2)
5|round
2.1|round(0, 'ceil')
2.9|round(0, 'floor')
2.123|round(2, 'ceil')
2|round(1, 'x')
42.55|round(1, 'floor')
-3|abs
-2.5|abs
'x'|abs
5|string
'x'|string
1000000|filesizeformat
1|filesizeformat
999|filesizeformat
1024|filesizeformat(true)
1500000000|filesizeformat
'%s-%s'|format(1, 2)
'%(a)s'|format(a=1)
d|attr('b')
s|attr('upper')
s|attr('nope')
d|tojson
q|tojson
u|tojson
u|tojson(ensure_ascii=true)
d|tojson(indent=2)
[[], {}, [1], {'a': []}]|tojson(indent=4)
d|tojson(sort_keys=true)
d|tojson(separators=(',', ':'))
[1.0, 1e30, true, none, 'a']|tojson
{1: 2, none: 3, true: 4, 1.5: 5}|tojson
'</script>&\\''|tojson
(1, 2)|tojson
nope|tojson
s.upper|tojson
range(3)|tojson
d.items()|tojson
'\\x7f\\x00\\u2028'|tojson
'a'|tojson(indent='x')
[1, [2]]|tojson(indent='--')
q
[q]
[u]
["it's"]
['"']
['\\n\\\\\\u200b\\U0001F600\\xad']
[none, true, 1.0, (1,), (), {}, {'a': [1]}]
{'a': {'b': (1, 2)}}
range(3)
range(1, 10, 3)|list
range(5, 0, -2)|list
range(0)|list
range(100001)
range(1, 2, 0)
range('a')
range(3) == range(0, 3)
dict(a=1, b=2)
dict([('a', 1)])
dict({'a': 1}, b=2)
dict.fromkeys(['a', 'b'], 0)
namespace(a=1)
namespace(a=1).a
namespace(a=1).b
namespace(_a=1)
joiner
lipsum is defined
strftime_now('%Y-%m-%d %H:%M:%S')
strftime_now('%d %b %Y, %A %B %a %j %U %W %w %y %I %p %-d %-m %e %%')
strftime_now('%c|%x|%X|%D|%F|%T|%R|%G-%V-%u')
raise_exception('no: ' ~ s)
raise_exception()
1 is odd
2 is even
9 is divisibleby(3)
9 is divisibleby 3
1 is integer
1.0 is float
1 is number
true is number
true is integer
true is boolean
s is string
l is sequence
d is sequence
s is sequence
d.items() is sequence
d is mapping
l is mapping
l is iterable
5 is iterable
none is none
none is sameas none
true is true
1 is true
'a' is lower
'A' is upper
'1' is upper
1 is eq 1
1 is ne 2
1 is lt 2
2 is ge 2
1 is in [1]
1 is not in [1]
'a' is in 'abc'
range is callable
s.upper is callable
s is callable
'upper' is filter
'nope' is filter
'odd' is test
1 is nope
1|nope
(1|nope) if false else 'ok'
'' is none or true
1 is odd is even
1, 2
(1, 2)
()
(1,)
[1, 2,]
{'a': 1,}
{'a' 'b': 1}
{[1]: 2}
{'a': 1}['a']
'a' 'b'
"\\x41\\u00e9\\101\\q\\a"
'\\ud800'
'\\N{BULLET}'
'\\
'
True and False or None
none
None
true.x
1.real
1 .real
x.0
l.0
l.1.2
[1, 2]|first + 1
-1|abs
-l|first
not 1 == 2
1 + 1 ~ 'a'
'a' ~ 1 + 1
2 * 3 ~ 4
1 if true
s|length > 5 and s|length < 100
people|length is gt 2
(l|sort|reverse|list)[0]
[[1, 2], [3]]|map('join', '-')|join(';')
[[1, 2], [3]]|map('first')|sum
[{'a': 1}]|map('items')|map('list')|list
'x'.join(['a'] * 3)
{'a': l}['a'][0]
d|list
d.items()|map('first')|join
d.keys()|list|sort|join
'abc'|batch(2)|map('join')|join('/')
[3, 1]|sort|join(',')|length
cycler('a')
s is sameas s
[1, 2, 3][-2:]|sum
'a'.__add__('b')
().__class__
''.format.__globals__
(1).bit_length()
[0.1, 1e22, 123456789012345680.0, 1e-7]
'%.10g' % 0.1
'%.0f' % 0.5
'%.0f' % 1.5
'%5s|%-5s|' % ('é', 'ü')
'{:é>5}'.format('a')
'%s' % {'a': 1}
'%c' % 233
'%s %s' % [1]
'%' % 1
'%z' % 1
[1,2,3]|pprint
{'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb': [1, 2, 3], 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa': {'x': 'yyyyyyyyyyyyyyyyy'}}|pprint
s[1.5]
s['upper']()
'é' < 'z'
[1] in [[1]]
(1, 2) in {(1, 2): 3}
[1] in {}
{} in []
1.0 in {1: 'a'}
{1: 'a'}[1.0]
{true: 'a'}[1]
'a' > 1
[] > []
none == nope
none is undefined
1 and 2 and 3
1 or 2
[] and 1
'a' in none
none()
'x'()
5 // 2.0
2 ** 0.5
2 ** 100
(-8) ** 0.5
0 ** 0
0 ** -1
1e308 * 10
-5 // 3.0
5.5 % -2
true / 2
not not 1
+5
-true
+'a'
-'a'
- -1
"""

STATEMENTS = [
    "{% for x in l %}{{ x }}{% if not loop.last %}, {% endif %}{% endfor %}",
    "{% for x in l %}{{ loop.index }}/{{ loop.index0 }}/{{ loop.revindex }}/{{ loop.revindex0 }}/{{ loop.first }}/{{ loop.last }}/{{ loop.length }}/{{ loop.depth }}/{{ loop.depth0 }};{% endfor %}",
    "{% for x in l %}{{ loop.previtem }}<{{ x }}>{{ loop.nextitem }} {% endfor %}",
    "{% for x in l %}{{ loop.cycle('a', 'b') }}{% endfor %}",
    "{% for x in l %}{{ loop.cycle() }}{% endfor %}",
    "{% for x in [1, 1, 2, 2, 1] %}{% if loop.changed(x) %}{{ x }}{% endif %}{% endfor %}",
    "{% for x in [] %}x{% else %}empty{% endfor %}",
    "{% for x in l if x > 1 %}{{ loop.index }}:{{ x }}/{{ loop.length }} {% endfor %}",
    "{% for x in l if x > 9 %}{{ x }}{% else %}none{% endfor %}",
    "{% for x in l if loop.first %}{{ x }}{% endfor %}",
    "{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}",
    "{% for k, v in d|dictsort %}{{ k }}={{ v }};{% endfor %}",
    "{% for k in d %}{{ k }}{% endfor %}",
    "{% for a, (b, c) in [(1, (2, 3))] %}{{ a }}{{ b }}{{ c }}{% endfor %}",
    "{% for a, b in [(1, 2, 3)] %}{{ a }}{% endfor %}",
    "{% for a, b in [1] %}{{ a }}{% endfor %}",
    "{% for x in 5 %}{% endfor %}",
    "{% for x in none %}{% endfor %}",
    "{% for x in nope %}x{% else %}e{% endfor %}",
    "{% for c in u %}[{{ c }}]{% endfor %}",
    "{% for x in range(10) %}{% if x == 3 %}{% continue %}{% endif %}{% if x == 6 %}{% break %}{% endif %}{{ x }}{% endfor %}",
    "{% for x in l %}{% break %}{% else %}else{% endfor %}",
    "{% for x in l %}{% continue %}{% else %}else{% endfor %}",
    "{% for x in l %}{% for y in l %}{% if y == 1 %}{% break %}{% endif %}{{ y }}{% endfor %}{{ loop.index }}{% endfor %}",
    "{% break %}",
    "{% for x in l %}{% macro m() %}{% break %}{% endmacro %}{% endfor %}",
    "{% for x in tree recursive %}{{ x.n }}{{ loop.depth }}{% if x.c %}[{{ loop(x.c) }}]{% endif %}{% endfor %}",
    "{% for x in l %}{{ loop(x) }}{% endfor %}",
    "{% set x = 1 %}{% for i in l %}{% set x = i %}{% endfor %}{{ x }}",
    "{% for i in l %}{{ y }}{% set y = i %}{{ y }} {% endfor %}{{ y }}",
    "{% set ns = namespace(x=0) %}{% for i in l %}{% set ns.x = ns.x + i %}{% endfor %}{{ ns.x }}",
    "{% set ns = namespace() %}{% set ns.a = 1 %}{% set ns.b, ns.c = 2, 3 %}{{ ns.a }}{{ ns.b }}{{ ns.c }}{{ ns }}",
    "{% set d.x = 1 %}",
    "{% set nope.x = 1 %}",
    "{% set ns = namespace(x=1) %}{% set ns._y = 1 %}",
    "{% set a, b = 1, 2 %}{{ a }}{{ b }}",
    "{% set a, b = [1] %}",
    "{% set a = 1, 2 %}{{ a }}",
    "{% set (a, b) = (1, 2) %}{{ a }}{{ b }}",
    "{% set x %}a{{ n }}b{% endset %}[{{ x }}]",
    "{% set x | upper | trim %} a{{ n }}b {% endset %}[{{ x }}]",
    "{% set x %}{% set y = 1 %}{% endset %}{{ y is defined }}",
    "{% set 1 = 2 %}", "{% set true = 2 %}", "{% set 'a' = 2 %}", "{% set a.b.c = 2 %}", "{% set a %}x", "{% set loop = 1 %}{{ loop }}",
    "{% for i in l %}{% set loop = 1 %}{% endfor %}", "{% for loop in l %}{% endfor %}",
    "{% if n > 5 %}big{% elif n > 3 %}mid{% else %}small{% endif %}",
    "{% if false %}a{% elif false %}b{% elif true %}c{% endif %}",
    "{% if n > 5: %}x{% endif %}", "{% if %}x{% endif %}", "{% if a = b %}{% endif %}", "{% if 1 %}", "{% endif %}", "{% else %}", "{% nothing %}",
    "{% if l, %}x{% endif %}",
    "{% if true %}{% set x = 5 %}{% endif %}{{ x }}",
    "{% macro m(a, b=2) %}{{ a }}-{{ b }}{% endmacro %}{{ m(1) }} {{ m(1, 3) }} {{ m(b=4, a=5) }} {{ m() }}",
    "{% macro m(a) %}{{ a is defined }}{% endmacro %}{{ m() }}{{ m(1) }}",
    "{% macro m(a, b=a) %}{{ a }}{{ b }}{% endmacro %}{{ m(1) }}",
    "{% macro m(a=b, b=1) %}{{ a }}{{ b }}{% endmacro %}{{ m() }}",
    "{% set b = 9 %}{% macro m(a=b, b=1) %}{{ a }}{{ b }}{% endmacro %}{{ m() }}",
    "{% macro m() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, x=3) }}",
    "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, 2) }}", "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(x=2) }}",
    "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, a=2) }}",
    "{% macro m(a=1, b) %}{% endmacro %}",
    "{% macro m() %}[{{ caller() }}]{% endmacro %}{% call m() %}hi {{ n }}{% endcall %}",
    "{% macro m(x) %}[{{ caller(x, 2) }}]{% endmacro %}{% call(a, b=5) m(1) %}{{ a }}{{ b }}{% endcall %}",
    "{% macro m() %}x{% endmacro %}{% call m() %}{% endcall %}",
    "{% macro m() %}{{ caller is defined }}{% endmacro %}{{ m() }}",
    "{% macro m() %}{{ caller() }}{% endmacro %}{{ m() }}",
    "{% macro m(caller) %}{{ caller() }}{% endmacro %}{{ m() }}",
    "{% macro m(caller=none) %}{{ caller }}{% endmacro %}{{ m() }}",
    "{% macro f(n) %}{% if n > 0 %}{{ n }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(5) }}",
    "{% macro m() %}{{ x }}{% endmacro %}{% set x = 1 %}{{ m() }}{% set x = 2 %}{{ m() }}",
    "{% macro m() %}{{ i }}{% endmacro %}{% for i in l %}{{ m() }}{% endfor %}",
    "{% for i in l %}{% macro m() %}{{ i }}{% endmacro %}{{ m() }}{% endfor %}",
    "{% macro m() %}{% set z = 1 %}{% endmacro %}{{ m() }}{{ z is defined }}",
    "{% macro m(a, b) %}{% endmacro %}{{ m.name }} {{ m.arguments }} {{ m.catch_kwargs }} {{ m }}",
    "{% macro m() %}a{% endmacro %}{{ m() + 'b' }}{{ m()|upper }}{{ m() is string }}",
    "{{ m() }}{% macro m() %}late{% endmacro %}",
    "{% filter upper %}a{{ s }}b{% endfilter %}", "{% filter replace('a', 'b')|upper %}banana{% endfilter %}", "{% filter nope %}{% endfilter %}",
    "{% with a = 1, b = 2 %}{{ a }}{{ b }}{% endwith %}{{ a }}", "{% set a = 5 %}{% with a = 1, b = a %}{{ b }}{% endwith %}", "{% with %}x{% endwith %}",
    "{% generation %}text{{ n }}{% endgeneration %}", "{% for i in l %}{% generation %}{{ i }}{% set x = 1 %}{% endgeneration %}{{ x }}{% endfor %}",
    "{% block a %}x{{ n }}{% endblock %}", "{% block a %}{% endblock a %}{% block b %}1{% endblock %}", "{% for i in l %}{% block a scoped %}{{ i }}{% endblock %}{% endfor %}",
    "{% for i in l %}{% block a %}{{ i }}{% endblock %}{% endfor %}",
    "{% print 1, 'a' %}", "{% raw %}{{ x }}{% y %}{# z #}{% endraw %}", "{%- raw -%}  a  {%- endraw -%}  b", "{% raw %}x", "{% raw %}\nx\n{% endraw %}\ny",
    "a {# comment {{ x }} #} b", "a\n{# comment #}\nb", "a {#- c -#} b", "{# open", "  {# c #}\nx", "{#", "{{", "{%", "}}", "%}", "#}", "{", "{ {", "{{ }}", "{% %}",
    "{{ 1 }", "{{ 1 %}", "{{ (1 }}", "{{ 1) }}", "{{ [1 }}", "{{ {1: 2} }}", "{{ {} }}", "{{ {{}} }}", "{{ 'a }}", "{{ a b }}", "{{ a. }}", "{{ a.'b' }}", "{{ 1 2 }}",
    "{{ a[ }}", "{{ a[] }}", "{{ a| }}", "{{ a is }}", "{{ a is not }}", "{{ f(a=1, 2) }}", "{{ f(*a, b) }}", "{{ f(**a, *b) }}", "{{ f(a=1, a=2) }}", "{{ $ }}", "{{ a ! b }}", "{{ a & b }}",
    "{{ lambda }}", "{{ a := 1 }}", "{{ 1;2 }}", "{{ not }}", "{{ in }}", "{{ is }}", "{{ and }}", "{{ if }}", "{{ else }}", "{{ for }}",
    "{{ range(*[1, 4])|list }}{{ dict(**{'a': 1}) }}", "{{ '{} {}'.format(*l[:2]) }}", "{{ '{a}'.format(**{'a': 1}) }}", "{{ dict(*l) }}",
    "a\n", "a\n\n", "a\r\nb\rc\n", "\n", "", " ", "{{ 'a\r\nb' }}", "{{ n }}\n", "{% if true %}\n", "  {% if true %}\n  x\n  {% endif %}\n  y",
    "{% if true %} \n x {% endif %}", "a {% if true %}\nb\n{% endif %}\nc", "a\n  {%- if true %}\n b\n  {%- endif %}\n c", "a\n  {%+ if true %}\n b\n {%+ endif %}\n c",
    "a  {%- if true -%}  b  {%- endif -%}  c", "{% if true +%}\nb\n{% endif +%}\nc", "{{- 1 -}}", "  {{- 1 -}}  x", "a {{+ 1 }}", "a\n{{ 1 }}\nb", " \t{% if true %}x{% endif %}",
    "x {% if true %}y{% endif %}", "\u00a0{%- if true %}x{% endif %}", "a\n\t {# c #}\t\nb", "{% for i in l -%}\n {{ i }}\n{%- endfor %}", "a\n\n  {% if true %}\n\nb{% endif %}",
    "{% for i in l %}\n{{ i }}\n{% endfor %}\n", "{% set x = 1 %}\n{{ x }}\n", "{% set x %}\n a\n{% endset %}\n[{{ x }}]", "{%if true%}x{%endif%}", "{% if\ntrue\n%}x{% endif %}",
    "{{ s\n|\nupper }}", "{% extends 'a' %}", "{% include 'a' %}", "{% import 'a' as b %}", "{% from 'a' import b %}",
    "{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}{{ c.current }}{{ c.reset() }}{{ c.next() }}", "{{ cycler() }}",
    "{% set j = joiner(', ') %}{% for i in l %}{{ j() }}{{ i }}{% endfor %}", "{% set j = joiner() %}{{ j() }}{{ j() }}",
    "{% set g = l|map('string') %}{% for i in g %}{{ i }}{% endfor %}|{% for i in g %}{{ i }}{% endfor %}",
    "{% set g = l|map('nofilter') %}ok", "{% set g = l|select('odd') %}{{ g|first }}{{ g|first }}{{ g|first }}", "{% for i in l|select('odd') %}{{ loop.length }}{{ loop.last }}{{ i }} {% endfor %}",
    "{% for i in l|reverse %}{{ i }}{{ loop.revindex }}{% endfor %}", "{% set messages = l[1:] %}{{ messages }}", "{% set range = 5 %}{{ range }}",
    "{% set x = 1 %}{% block b %}{{ x }}{% endblock %}", "{% for x in l %}{{ loop }}{% endfor %}", "{% for x in 'ab' %}{% for y in 'cd' %}{{ loop.index }}{% endfor %}{{ loop.index }}{% endfor %}",
    "{% for x in l %}{% set outer = loop %}{% for y in l %}{{ outer.index }}{{ loop.index }} {% endfor %}{% endfor %}", "{% if x is defined and x %}a{% else %}b{% endif %}",
    "{% if d.a %}a{% endif %}{% if d.zz %}b{% endif %}{% if d['zz'] %}c{% endif %}", "{% for p in people %}{{ p.name }}:{{ p.age or '?' }}{{ p.city.n if p.city }} {% endfor %}",
    "{% for m in people if m.age is defined %}{{ loop.index }}{{ m.name }}{% endfor %}", "{% set x = {'a': [1, 2]} %}{{ x.a[1] }}{{ x['a'][0] }}{{ x.a|last }}", "{{ people[0].name.upper()[::-1] }}",
    "{% set x = 'a' if n > 100 %}[{{ x }}]", "{% do x %}", "{% autoescape false %}x{% endautoescape %}", "{% call x %}{% endcall %}", "{% call n() %}{% endcall %}", "{% for x in l %}{% endfor %}{{ x is defined }}",
    "{{ raise_exception('stop') if n > 1 }}", "{% if n > 100 %}{{ raise_exception('stop') }}{% endif %}ok", "{{ bos_token }}{{ s }}{{ eos_token }}",
    "{% for x in l %}{{ x }}{% if x == 1 %}{% set n = 99 %}{% endif %}{{ n }} {% endfor %}{{ n }}", "{% set n = n + 1 %}{{ n }}", "{% for n in l %}{{ n }}{% endfor %}{{ n }}",
    "{% macro a() %}{% macro b() %}x{% endmacro %}{{ b() }}{% endmacro %}{{ a() }}", "{% for i in range(3) %}{% for j in range(i) %}{{ j }}{% endfor %}|{% endfor %}",
    "{% if true %}{% for i in l %}{{ i|nope }}{% endfor %}{% endif %}", "{% if false %}{{ 1|nope }}{{ 1 is nope }}{% endif %}ok", "{{ 'a' if true else 1|nope }}",
    "{% set x = namespace(l=[]) %}{% for i in l %}{% set x.l = x.l + [i * 2] %}{% endfor %}{{ x.l }}", "{% set x = namespace({'a': 1}, b=2) %}{{ x.a }}{{ x.b }}{{ x['a'] }}",
    "{% for k, v in nope|items %}x{% endfor %}", "{% for x in d.values() %}{{ x }}{{ loop.length }}{% endfor %}", "{{ l is sameas l }}{{ [] is sameas [] }}",
    "{%- for x in l -%}{{ x }}{%- if not loop.last -%},{%- endif -%}{%- endfor -%}", "{% filter indent(2) %}a\nb{% endfilter %}", "{% set x %}{% for i in l %}{{ i }}{% endfor %}{% endset %}{{ x|int + 1 }}",
]


def cases():
    tree = {"tree": [{"n": 1, "c": [{"n": 2, "c": [{"n": 3}]}, {"n": 4}]}, {"n": 5}], "bos_token": "<s>", "eos_token": "</s>"}
    expressions = ["{{ " + line + " }}" for line in EXPRESSIONS.strip("\n").split("\n")]
    for template in expressions + STATEMENTS:
        yield template, {**DATA, **PEOPLE, **tree}
