"""Pairs of answers by kind, the reference first: those that match, and those that do not."""

from collections.abc import Iterator, Mapping

MATCHING = {
    "numbers": r"""
        six | 6
        2^{2^{10}} | 2^{1024}
        五 | 5
        十二 | 12
        一百零三 | 103
        五 | 五个
        5 mill | 5000000
        two million | 2000000
        half a million | 500000
        a dozen | 12
        ５ | 5
        3 万 | 30000
        3亿 | 300000000
        两万五千 | 25000
        3亿元 | 300000000
        5千 | 5000
        three hundred apples | 300
        6.02e23 | 6.02\times 10^{23}
        3.5 \times 10^{-4} | 0.00035
        0.\overline{3} | \frac{1}{3}
        0.1\overline{6} | \frac{1}{6}
        768 | 2^8 \cdot 3
        479001600 | 12!
        42 | 42
        42 | 42.0
        42 | +42
        42 | 042
        -7 | −7
        0 | 0.0
        0.5 | .5
        -0.5 | -.5
        3.50 | 3.5
        42. | 42
        $42$ | 42
        \(42\) | 42
        **42** | 42
        42 | = 42
        100000 | 10^5
        300000 | 3 \times 10^5
        0.003 | 3\cdot 10^{-3}
        1024 | 2^{10}
        120 | 5!
        10 | \binom{5}{2}
        6 | 2\times 3
        7 | \boxed{7}
        12 | \text{12}
    """,
    "fractions": r"""
        二分之一 | 1/2
        \frac{1}{2} | 1/2
        \frac{1}{2} | 0.5
        \frac12 | \frac{1}{2}
        \frac{1}{2} | ½
        \dfrac{3}{4} | \frac{3}{4}
        \tfrac{3}{4} | 0.75
        \frac{2}{4} | \frac{1}{2}
        -\frac{1}{3} | \frac{-1}{3}
        -\frac{1}{3} | \frac{1}{-3}
        \frac{7}{1} | 7
        \frac{10}{4} | 2.5
        1/8 | 0.125
        \frac{\pi}{2} | \pi/2
        \frac{1}{\sqrt{2}} | \frac{\sqrt{2}}{2}
        \frac{3\sqrt{3}}{2} | \frac{3}{2}\sqrt{3}
        \frac 12 | 1/2
        \frac{1}2 | \frac1{2}
    """,
    "mixed numbers": r"""
        1\frac{1}{2} | 1.5
        1\frac{1}{2} | \frac{3}{2}
        1 1/2 | 3/2
        2\frac34 | 2.75
        -1\frac{1}{2} | -1.5
        3½ | 3.5
        10 2/5 | \frac{52}{5}
        1 \frac{1}{3} | \frac{4}{3}
    """,
    "thousands": r"""
        (1,000, 2) | (1000,2)
        (5,000) | 5000
        1,234 | 1234
        1234 | 1{,}234
        1,234,567 | 1234567
        1\,000\,000 | 1000000
        1 000 | 1000
        1,234.50 | 1234.5
        -12,000 | -12000
        \$1,250 | 1250
        10{,}000 | 10,000
        x = 1,500 | 1500
    """,
    "currency": r"""
        5元 | 5
        $18 | 18
        \$18 | $18$
        $18.50 | 18.5
        5 | \$5.00
        £20 | 20
        20 | €20
        15 dollars | $15
        15 dollars | 15
        \$\frac{1}{2} | 0.50
        75 cents | 75
        USD 40 | 40
        $1,000 per month | 1000
    """,
    "units": r"""
        2个 | 2
        5米 | 5 m
        5 厘米 | 5 cm
        12 noon | 12 PM
        12 midnight | 12 AM
        2\text{ hours }30\text{ minutes} | 2 hours 30 minutes
        14\text{ red balls} | 14
        24 \text{cubic inches} | 24 in^3
        5 cm | 5
        5 | 5\text{ cm}
        5\,\text{cm} | 5 cm
        5 centimeters | 5 cm
        5 metres | 5 m
        5\text{m} | 5
        12 square inches | 12 in^2
        12\text{ cm}^2 | 12 \text{cm}^{2}
        12 | 12 square units
        60 mph | 60
        60 miles per hour | 60 mi/h
        3 hours | 3 hr
        12 apples | 12
        7 | 7 students
        2.5 kg | \frac{5}{2} kilograms
        36\pi \text{ cm}^3 | 36\pi
        3\sqrt{5}\text{ units} | 3\sqrt{5}
        25°C | 25
        9.8 \mathrm{m/s} | 9.8
        100 pages | 100 pages per day
        3:30 p.m. | 3:30 PM
    """,
    "percent": r"""
        50\% | 50%
        50\% | 50
        50 | 50\%
        50\% | 0.5
        50\% | \frac{1}{2}
        12.5\% | 12.5 percent
        12.50\% | 12.5
        100\% | 1
        33\frac{1}{3}\% | \frac{100}{3}\%
        5 percent | 5\%
    """,
    "degrees": r"""
        \tan 45^\circ | 1
        \sin 30^\circ | \frac{1}{2}
        \sin 30^\circ | \sin \frac{\pi}{6}
        \angle A = 30^\circ | 30^\circ
        90^\circ | 90
        90^{\circ} | 90°
        90 | 90 degrees
        45.0^\circ | 45 \text{ degrees}
        \angle ABC = 30^\circ | 30
        \sin 30^\circ | \sin 30^{\circ}
    """,
    "words": r"""
        \text{no solution} | \emptyset
        DNE | \text{does not exist}
        red and blue | red, blue
        red or blue | blue or red
        Monday | monday
        \text{Monday} | Monday.
        yes | Yes
        No | no
        \text{no solution} | No solution
        True | \textbf{true}
        \text{even} | "even"
        Alice and Bob | Alice, Bob
        infinitely many | Infinitely many.
        Évariste | évariste
        three o'clock | Three o’clock
    """,
    "choices": r"""
        选C | C
        C、D | C,D
        B | (B)
        (B) | \text{(B)}
        \textbf{(C)} | C
        D | D.
        \text{(E)} | E
        A | $A$
        (B) 12 | B
        12 | (B) 12
        \textbf{(D)}\ 5 | D
        option C | C
        \mathrm{(A)} | Option A
    """,
    "tuples": r"""
        \vec{v} = (1,2) | (1,2)
        (1,2),(3,4) | (3,4),(1,2)
        a=1,b=2,c=3 | c=3, a=1, b=2
        (2,-3) | x=2, y=-3
        (1,2) | (1, 2)
        (1,2) | \left(1,2\right)
        (1, \frac{1}{2}) | (1, 0.5)
        (0,0,0) | ( 0 , 0 , 0 )
        (-3,4) | \left( -3,\, 4 \right)
        (3, \frac{\pi}{2}) | \left(3,\pi/2\right)
        (x,y) = (1,2) | (1,2)
        (1,234) | (1, 234)
        (1,2) | 1, 2
        \langle 1,2 \rangle | (1,2)
        (\sqrt{8}, 1) | (2\sqrt{2}, 1)
        ((1,2),(3,4)) | ((1, 2), (3, 4))
    """,
    "intervals": r"""
        \{x \mid x>2\} | (2,\infty)
        \{x : x>2\} | x>2
        \{x \in \mathbb{R} \mid -1 < x \le 2\} | (-1,2]
        x>1 and x<2 | 1<x<2
        x>1 and x<2 | (1,2)
        x>1 \land x<2 | (1,2)
        x>1且x<2 | (1,2)
        x<1或x>2 | (-\infty,1)\cup(2,\infty)
        -2 < x < 5 | (-2, 5)
        (-2,5) | -2<x<5
        x\in(-2,5) | -2 < x < 5
        x<-1\text{ or }x>3 | (-\infty,-1)\cup(3,\infty)
        (-\infty,-1)\cup(3,\infty) | x < -1 or x > 3
        \mathbb{R} | ℝ
        [0,1) | \left[0,1\right)
        (0, 1] | (0,1.0]
        (-\infty, 3] | (-∞, 3]
        (-\infty,2)\cup(3,\infty) | (3,\infty) \cup (-\infty,2)
        [1,\frac{3}{2}] | [1, 1.5]
        x \in [1,2] | [1,2]
        [-1,1] | \left[ -1, 1 \right]
        (-\infty,2)\cup(2,\infty) | (-∞,2) ∪ (2,∞)
        [\sqrt{4}, 5) | [2, 5)
    """,
    "sets": r"""
        x=2 and x=3 | x=2 or x=3
        \{2,3\} | x=2 or x=3
        \{2,3\} | x=2 and x=3
        3 \text{ and } 4 | 3 or 4
        a \land b | b \land a
        \{1,2,3\} | \{3,2,1\}
        \{1,2\} | 2, 1
        1, 2 | 2, 1
        \{\frac{1}{2}, 3\} | \left\{3, 0.5\right\}
        1, -2 | x = -2 or x = 1
        3 \text{ and } 4 | 4, 3
        \{5\} | 5
        \emptyset | ∅
        x=1, x=2 | 1,2
        x=1, y=2 | y=2, x=1
        \lbrace 1,2 \rbrace | \{1,2\}
        -1, 0, 1 | 0, 1, -1
        2; 3 | 3, 2
        1,2,3 | 1, 2, and 3
    """,
    "matrices": r"""
        \begin{pmatrix} 1 \\ -2 \end{pmatrix} | (1,-2)
        \begin{pmatrix}1&2\\3&4\end{pmatrix} | \begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}
        \begin{pmatrix}1\\2\end{pmatrix} | \begin{bmatrix}1\\2\end{bmatrix}
        \begin{pmatrix}1/2&0\\0&1\end{pmatrix} | \begin{pmatrix}0.5&0\\0&1\\\end{pmatrix}
        \left(\begin{array}{cc}1&0\\0&1\end{array}\right) | \begin{pmatrix}1&0\\0&1\end{pmatrix}
        A = \begin{bmatrix}2\\3\end{bmatrix} | \begin{bmatrix}2\\3\end{bmatrix}
        \begin{bmatrix}\sqrt{4}&x+1\end{bmatrix} | \begin{bmatrix}2&1+x\end{bmatrix}
    """,
    "equations": r"""
        x＝5 | x=5
        2x<10 | x<5
        -2x<10 | x>-5
        x<10^{-20} | x<\frac{1}{10^{20}}
        x^2+y^2=4 | 2x^2+2y^2=8
        0<x<1 | 1>x>0
        x=1 and y=2 | y=2 and x=1
        3 | x = 3
        x = 3 | 3
        x = 3 | x=3.0
        y = 2x + 1 | y = 1 + 2x
        y = 2x + 1 | 2x+1
        y = 2x + 1 | y - 2x = 1
        x^2 + y^2 = 4 | y^2 + x^2 = 4
        f(x) = x^2 | x^2
        n=12 | 12
        P(A) = \frac{1}{4} | 0.25
        total area = 12 | A = 12
        \theta = \frac{\pi}{6} | \pi/6
        AB = 5 | 5
        area = 12 | A = 12
        5 | x = 2 + 3 = 5
        5 | 2 + 3 = 5
        x_1 = 4 | 4
        x > 2 | 2 < x
        x \le 5 | x \leq 5
        x ≥ 1 | x \geq 1
    """,
    "signs": r"""
        \pm 5 | 5, -5
        \pm 5 | \{-5, 5\}
        x = \pm 2 | \pm 2
        3 \pm \sqrt{2} | 3+\sqrt{2}, 3-\sqrt{2}
        ±5 | \pm 5
        \pm\sqrt{8} | \pm 2\sqrt{2}
        \frac{1 \pm \sqrt{5}}{2} | \frac{1+\sqrt{5}}{2}, \frac{1-\sqrt{5}}{2}
    """,
    "bases": r"""
        101_2 | 101_{2}
        101_2 | 101
        1A_{16} | 1a_{16}
        2003_4 | 2003_{4}
        101₂ | 101_2
        x = 1A_{16} | 1A_16
    """,
    "expressions": r"""
        \sec^2 x | \tan^2 x+1
        \cot x | \frac{1}{\tan x}
        -\cot x | -\frac{1}{\tan x}
        \sec^2 x - 1 | \tan^2 x
        \frac{1}{\cos x} | \sec x
        \frac{1}{\tan 2x} | \cot 2x
        \coth x | \frac{1}{\tanh x}
        \coth 2x | \frac{\cosh 2x}{\sinh 2x}
        \coth^2 x | \csch^2 x + 1
        1:2:3 | 2:4:6
        15:6 | 5:2
        3：2 | 3:2
        2\sin x\cos x | \sin 2x
        \frac{n(n-1)}{2} | \binom{n}{2}
        \left\lfloor \frac{7}{2} \right\rfloor | 3
        \ln 2 | \log_e 2
        x+1 | 1+x
        2(x+1) | 2x+2
        (x+1)^2 | x^2+2x+1
        x^2-1 | (x-1)(x+1)
        \sqrt{12} | 2\sqrt{3}
        \sqrt{3} | \sqrt3
        √3 | \sqrt{3}
        sqrt(3) | \sqrt{3}
        2\pi | 2π
        2 pi | 2\pi
        e^2 | e^{2}
        x^{2} | x²
        \sqrt[3]{8} | 2
        2^{1/2} | \sqrt{2}
        \log_2 8 | 3
        \frac{x}{2} | \frac{1}{2}x
        a b | ab
        x^2y | y x^2
        2+3i | 3i+2
        |x| | \left|x\right|
        \frac{x+1}{2} | \frac{x}{2}+\frac{1}{2}
        3:4 | 3:4
        \infty | ∞
        4\sqrt{3} - 2 | -2 + 4\sqrt{3}
        \tan 45^\circ x | \tan 45° x
        \cos x | \cos(x)
        n(n+1)/2 | \frac{n^2+n}{2}
    """,
    "contest answers": r"""
        11111111100 | 11,\! 111,\! 111,\! 100
        \frac{12}{5,\!525} | \frac{12}{5525}
        \sin^2t | \sin^2 t
        \sin^2t | \sin^2(t)
        \emptyset | \varnothing
        \emptyset | \{\}
        0.333... | \frac{1}{3}
        0.333\ldots | 0.\overline{3}
        0.1666... | \frac{1}{6}
        0.1212... | \frac{4}{33}
        5 x 10^3 | 5000
        5 x 10^3 | 5 \times 10^{3}
        5*10^3 | 5000
        \operatorname{ln} 6 | \ln 6
        \mathrm{ln} 2 | \ln 2
        sin(x) | \sin(x)
        sin 2x | 2 sin x cos x
        3 ln 2 | \ln 8
        \log 2 | \operatorname{log} 2
        \log 2 | log(2)
        arcsin(1/2) | \frac{\pi}{6}
        tan x | \tan x
        \operatorname{lcm}(4,6) | 12
        \gcd(4,6) | 2
        lcm(4, 6) | 12
        \tg x | \tan x
        \lg 100 | 2
        5 million | 5,000,000
        5 million | 5000000
        5 \text{ million} | 5 \times 10^6
        $5 million | 5,000,000 dollars
        $2.5 billion | 2500 million
        12 dozen | 144
        3 thousand | 3000
        2 hundred | 200
        5 million dollars | $5,000,000
        5 = x | x = 5
        5 = x | 5
        24 = n | 24
        x = 5 | 5
        7 = 11a+c | 11a+c=7
        9 AM | 9:00 AM
        9 AM | 9
        10:30 AM | 10:30 a.m.
        2:30 | 2:30
        2020-01-05 | 2020-1-5
        10-12 | 10–12
        3-2 | 3 - 2
        -221_3 | -221_{3}
        -221_3 | -221
        3:4 | \frac{3}{4}
        IV | \text{IV}
        \sqrt[3]{2} | \sqrt[3]2
        F=\sum_{k=0}^{3} k | 6
        F_n = \sum_{k=0}^{n-1} F_k F_{n-k-1} | F_n = \sum_{k=0}^{n-1} F_{n-k-1} F_k
        F_n=\sum_{k=0}^{n} k | F_n=\frac{n(n+1)}{2}
        x**2 | x^2
        \frac{1}{12} | 0.0833333333333333
        \sqrt{2} | 1.41421356237
        (-infinity,5) | (-\infty, 5)
        (-oo,5) | (-\infty,5)
        3*cos(sqrt(980/7)*t) | 3\cos(2\sqrt{35}t)
        \frac{NO}{BO}=\frac{1}{\sqrt{6}} | \frac{1}{\sqrt{6}}
        V_{1}:V_{2}=11:21 | 11:21
        |AB|=1 | 1
        A:B=1 | 1
        185 | 185\
        \sqrt[3]{8} | ∛8
        e^{i\pi} | -1
        \frac{2024!}{2023!} | 2024
        2^{20240} | 4^{10120}
        1-\frac{1}{2^{2023}} | \frac{2^{2023}-1}{2^{2023}}
        \frac45 = 0.8 | 0.8
        \cos^2 x + \sin^2 x | 1
        \frac{1}{\ln 2} | \log_2 e
        2^{-2023} | \frac{1}{2^{2023}}
        (D) \frac{1}{2} | D
    """,
    "rare spellings": r"""
        负五 | -5
        -0.\overline{3} | -\frac{1}{3}
        x = A | A
        -\frac{1}{3} | -0.3333333333
        90° - x | 90 - x
        \{\pm 1, 2\} | \{-1, 1, 2\}
        2x° | 2x^\circ
        \text{no solutions} | \emptyset
        无解 | \emptyset
        05/07/2020 | 5/7/2020
        \{x \vert x \le 2\} | x \le 2
        \cos 60° | \frac{1}{2}
        \hat{x} = 5 | 5
        \overline{AB} = 5 | 5
        choice B | B
        answer B | B
        答案是B | B
        (A) \sqrt{2} | \sqrt{2}
        \begin{array}{cc}1&2\\3&4\end{array} | \begin{pmatrix}1&2\\3&4\end{pmatrix}
        \sec 60° | 2
        1/2 pizza | 0.5
        -1/2 | -0.5
        (1)/(2) | 0.5
        (-3)/(4) | -0.75
        3\cdot 10^6 people | 3000000
        0.\bar{3} | \frac{1}{3}
        0.\dot{3} | \frac{1}{3}
        0.\overline{142857} | \frac{1}{7}
        (1)/(2) | 50\%
        (-∞,1)∪(2,∞) | x<1 or x>2
        \mathsf{A} | \text{A}
        \textsf{A} | A
        \mathtt{A} | (A)
        \left.5\right. | 5
        : 5 | 5
        5 million of people | 5000000
        \infty dollars | \infty
        x>1，且x<2 | 1<x<2
        x<1，或x>2 | (-\infty,1)\cup(2,\infty)
        (1,2,) | (1,2)
        \left(\begin{array}{r}1\\-2\end{array}\right) | (1,-2)
        \bar{x} = 5 | 5
        \overrightarrow{AB} = (1,2) | (1,2)
        \triangle ABC = 5 | 5
        \text{no real solution} | \emptyset
        \text{No real solutions} | \emptyset
        \text{empty set} | \emptyset
        \text{the empty set} | \emptyset
        \{x \mid x<2\} | (-\infty,2)
        \sin x^\circ | \sin \frac{\pi x}{180}
        \cos \theta^\circ | \cos \frac{\pi\theta}{180}
        \cot 45° | 1
        \csc 30° | 2
        x == 5 | 5
        (n+1)! - 1 | -1 + (n+1)!
        2^n (n-1)! | (n-1)! 2^n
        1<x and x<5 | (1,5)
        x>1 and 5>x | (1,5)
        x \le 5 and 1 \le x | [1,5]
        x \ge 1 and 5 \ge x | [1,5]
        (1 \pm \sqrt{2}) | 1+\sqrt{2}, 1-\sqrt{2}
        \frac{3}{4} | 3:4
        0.3333333333 | \frac{1}{3}
        A = 12 | total area = 12
        y<3 and x>1 and z<2 | z<2 and x>1 and y<3
        x>0 and y>0 | 2y>0 and 3x>0
        5<x \text{ and } x<7 | (5,7)
        3 \ge x | (-\infty,3]
        (-\infty,\sqrt{4})\cup(3,\infty) | (-\infty,2)\cup(\sqrt{9},\infty)
        (0,\sqrt{8}) | (0,2\sqrt{2})
        \sum_{k=1}^{n} k | \frac{n(n+1)}{2}
        \lim_{x \to 0} \frac{\sin x}{x} | 1
        \sqrt{x^2+2x+1}+y | \sqrt{(x+1)^2}+y
        \infty | +\infty
        e^{2\pi i} | 1
        \sqrt{-4} | 2i
        0.14285714285714 | \frac{1}{7}
        f(x+1) - f(x) | -f(x) + f(1+x)
    """,
    "spellings of units": r"""
        5 mm | 5 millimeters
        5 cm | 5 centimetres
        5 dm | 5 decimeters
        5 分米 | 5 dm
        5 m | 5 meters
        5 千米 | 5 km
        12 in | 12 inches
        6 ft | 6 feet
        5 yd | 5 yards
        5 mi | 5 miles
        5 mg | 5 milligrams
        5 g | 5 grams
        5 kg | 5 kilograms
        5 千克 | 5 公斤
        5 lb | 5 pounds
        5 lbs | 5 pounds
        8 oz | 8 ounces
        5 t | 5 tons
        30 s | 30 seconds
        30 sec | 30 seconds
        30 min | 30 minutes
        30 分钟 | 30 minutes
        2 h | 2 hours
        2 hr | 2 hours
        2 yr | 2 years
        250 ml | 250 milliliters
        2 L | 2 liters
        2 l | 2 litres
        75¢ | 75 cents
        500 Rs | 500 rupees
        20 °C | 20 degrees C
        300 K | 300 kelvin
        5 J | 5 joules
        5 N | 5 newtons
        5 W | 5 watts
        5 V | 5 volts
        5 Hz | 5 hertz
        5 Pa | 5 pascals
        3 a.m. | 3:00 AM
        8 pm | 8:00 p.m.
        12 noon | 12 p.m.
        60 km/h | 60 kilometers per hour
        20 m/s | 20 meters per second
        20 ft/s | 20 feet per second
        5 units | 5
        68°F | 68
        60 km/h | 60 kph
        1 million million | 1 trillion
        5百 | 500
        US$20 | $20
        U.S. \$20 | $20
        ¥500 | 500 yen
        ₹500 | 500 rupees
        Rs. 500 | 500 rupees
        1A_16 | 1A_{16}
        5 Million | 5000000
        3 dozens | 36
        \sqrt{2} million | 1000000\sqrt{2}
        1,500 million | 1500000000
        2.5 million | 2500000
        \frac{1}{3} million | \frac{1000000}{3}
        5 million dollars | $5000000
        25° C | 25 °C
        20 m / s | 20 m/s
        5cm | 5 cm
        $5 Million | 5,000,000 dollars
        110_10 | 110
    """,
    "number words": r"""
        zero | 0
        one | 1
        two | 2
        three | 3
        four | 4
        five | 5
        seven | 7
        eight | 8
        nine | 9
        ten | 10
        eleven | 11
        twelve | 12
        Seven | 7
        two dozen | 24
        three hundred | 300
        ten thousand | 10000
        a million | 1000000
        two billion | 2000000000
        one trillion | 1000000000000
        two thousand dollars | $2000
        five hundred million | 500000000
        零 | 0
        一 | 1
        二 | 2
        三 | 3
        四 | 4
        六 | 6
        七 | 7
        八 | 8
        九 | 9
        两 | 2
        十 | 10
        二十 | 20
        三百二十 | 320
        四千 | 4000
        三万 | 30000
        两亿 | 200000000
        三亿两千万 | 320000000
        四分之三 | \frac{3}{4}
        负二分之一 | -0.5
        五元 | 5元
        五米 | 5 m
        五岁 | 5岁
        五天 | 5天
        五人 | 5人
        Two Million | 2000000
    """,
    "spellings of signs and commands": r"""
        5–2i | 5-2i
        3×4 | 12
        2·3 | 6
        1÷2 | 0.5
        x≤5 | x \le 5
        x≥5 | x \ge 5
        x≠5 | x \ne 5
        2π | 2\pi
        (−∞, ∞) | (-\infty, \infty)
        (0,1)∪(2,3) | (0,1) \cup (2,3)
        A∩B | A \cap B
        x∈[0,1] | [0,1]
        ∅ | \emptyset
        3±√2 | 3 \pm \sqrt{2}
        2θ | 2\theta
        ⟨1,2⟩ | (1,2)
        3⁄4 | 0.75
        0.333… | \frac{1}{3}
        x>1 ∧ x<2 | 1<x<2
        x<1 ∨ x>2 | x<1 or x>2
        10⁰ | 1
        10¹ | 10
        10² | 100
        10³ | 1000
        10⁴ | 10000
        10⁵ | 100000
        10⁶ | 1000000
        10⁷ | 10000000
        10⁸ | 100000000
        10⁹ | 1000000000
        x₀ + 1 | x_0 + 1
        x₁ + 1 | x_1 + 1
        x₂ + 1 | x_2 + 1
        x₃ + 1 | x_3 + 1
        x₄ + 1 | x_4 + 1
        x₅ + 1 | x_5 + 1
        x₆ + 1 | x_6 + 1
        x₇ + 1 | x_7 + 1
        x₈ + 1 | x_8 + 1
        x₉ + 1 | x_9 + 1
        ½ | 0.5
        ⅓ | \frac{1}{3}
        ⅔ | \frac{2}{3}
        ¼ | 0.25
        2¾ | 2.75
        ⅕ | 0.2
        ⅛ | 0.125
        ⅜ | 0.375
        ⅝ | 0.625
        ⅞ | 0.875
        ℕ | \mathbb{N}
        ℤ | \mathbb{Z}
        ℚ | \mathbb{Q}
        ℝ | \mathbb{R}
        ℂ | \mathbb{C}
        ∛8 | 2
        ∜16 | 2
        1、2 | 1, 2
        5。 | 5
        \displaystyle\frac{1}{2} | 0.5
        \textstyle\frac{1}{2} | 0.5
        \sum\limits_{k=1}^{3} k | 6
        -\!5 | -5
        \big(1,2\big) | (1,2)
        \bigl(1,2\bigr) | (1,2)
        \Big(1,2\Big) | (1,2)
        \Bigl(1,2\Bigr) | (1,2)
        \bigg(1,2\bigg) | (1,2)
        \biggl(1,2\biggr) | (1,2)
        \Bigg(1,2\Bigg) | (1,2)
        \Biggl(1,2\Biggr) | (1,2)
        \{x \bigm| x>2\} | x>2
        \[5\] | 5
        5\,cm | 5 cm
        5\;cm | 5 cm
        5\:cm | 5 cm
        5\ cm | 5 cm
        x=1,\quad y=2 | x=1, y=2
        x=1\qquad\text{or}\qquad x=2 | 1, 2
        \text{Room \#5} | Room #5
        \text{A \& B} | A & B
        \dfrac{1}{2} | 0.5
        \tfrac{1}{2} | 0.5
        \cfrac{1}{2} | 0.5
        \langle 1, 2, 3 \rangle | (1, 2, 3)
        \lbrace 1,2 \rbrace | \{2,1\}
        x \leq 5 | x ≤ 5
        x \leqslant 5 | x ≤ 5
        x \geq 5 | x ≥ 5
        x \geqslant 5 | x ≥ 5
        0.333\ldots | \frac{1}{3}
        0.333\dots | \frac{1}{3}
        0.333\cdots | \frac{1}{3}
        \$12 | $12
        45\degree | 45°
        x \in [0,1] | [0,1]
        x>1 \wedge x<2 | 1<x<2
        x<1 \vee x>2 | x<1 or x>2
        \varnothing | \emptyset
        \lg 100 | 2
        \tg x | \tan x
        \ctg x | \cot x
        \arctg x | \arctan x
        lg 100 | 2
        tg x | \tan x
        ctg x | \cot x
        arctg x | \arctan x
        sin x | \sin x
        cos x | \cos x
        tan x | \tan x
        cot x | \cot x
        sec x | \sec x
        csc x | \csc x
        arcsin x | \arcsin x
        arccos x | \arccos x
        arctan x | \arctan x
        sinh x | \sinh x
        cosh x | \cosh x
        tanh x | \tanh x
        coth x | \coth x
        sech x | \sech x
        csch x | \csch x
        ln x | \ln x
        log x | \log x
        exp(2) | e^2
        gcd(4,6) | 2
        lcm(4,6) | 12
        2pi | 2\pi
        pi/2 | \frac{\pi}{2}
        sqrt(2) | \sqrt{2}
        (0, oo) | (0, \infty)
        (0, infinity) | (0, \infty)
        \textit{even} | even
        5\textrm{ cm} | 5 cm
        \texttt{True} | True
        \textnormal{even} | even
        \mathbf{AB} | AB
        \mathit{AB} | AB
        5\mbox{ cm} | 5 cm
        \boldsymbol{AB} | AB
        \bm{AB} | AB
        \boxed{\text{even}} | even
        \fbox{even} | even
        \operatorname{lcm}(4,6) | 12
        \operatorname*{lcm}(4,6) | 12
        12\quad\text{cm} | 12 cm
        x≤1 and x≥0 | [0,1]
        -\dfrac{1}{2} | -0.5
        1\tfrac{1}{2} | 1.5
        x\in[0,1] | [0,1]
        3 × 10⁵ km | 300000 km
        30 sec. | 30 s
        (1{,}234, 5) | (1234, 5)
        (1{,\!}234, 5) | (1234, 5)
        (1\,234, 5) | (1234, 5)
        (1,\!234, 5) | (1234, 5)
        √x | \sqrt{x}
        √(x+1) | \sqrt{x+1}
        x = 1 1/2 | 1.5
        1 1/2 cups | 1.5 cups
        2^n + 1 | 2^{n} + 1
        \sech x | \frac{1}{\cosh x}
        \csch(x) | \frac{1}{\sinh(x)}
        \coth{x} | \frac{1}{\tanh{x}}
        \coth\theta | \frac{1}{\tanh\theta}
        \approx 3.14 | 3.14
        2^n + 1 | 2^{n} + 1
        \text{no solution} | ∅
        \{x \mid x ≤ 2\} | (-\infty,2]
        \{x \mid x ≥ 2\} | [2,\infty)
        \{x \mid x \leq 2\} | (-\infty,2]
        \{x \mid x \leqslant 2\} | (-\infty,2]
        \{x \mid x \geq 2\} | [2,\infty)
        \{x \mid x \geqslant 2\} | [2,\infty)
        \dfrac{3}{4} \text{ pizzas} | 0.75
        \tfrac{3}{4} \text{ pizzas} | 0.75
        \cfrac{3}{4} \text{ pizzas} | 0.75
        3 × 10^6 people | 3000000
        −5 points | -5
        x≠1 and x≠2 | x≠2 and x≠1
        (0,∞)∪(−∞,0) | (-\infty,0)\cup(0,\infty)
        —5 points | -5
        \displaystyle\frac{3}{4}\text{ pizzas} | 0.75
        -\!5\text{ points} | -5
        (0, inf) | (0, \infty)
        x ≡ 3 mod 7 | x≡3 mod 7
        max(2x, 3) | max(2x,3)
        min(2x, 3) | min(2x,3)
        det(2A) | det( 2A )
        5~\text{cm} | 5 cm
        x <= 5 | x \le 5
        x >= 5 | x \ge 5
        1 <= x < 5 | [1, 5)
        1 > 0 | 0 < 1
        x+1<3 | (-\infty,2)
        x > \frac{9}{7} | 14x > 18
        \sum_{k=1}^{n} \frac{1}{k} < 5 | 5 > \sum_{k=1}^{n} \frac{1}{k}
        1{,}234{,}567 | 1234567
        \frac34 \text{ pizzas} | 0.75
        \frac 3 4 \text{ pizzas} | 0.75
        \frac3{4} \text{ pizzas} | 0.75
        \frac{3}4 \text{ pizzas} | 0.75
        \frac a b | \frac{a}{b}
        1{,}234\text{ apples} | 1234
        1{,\!}234\text{ apples} | 1234
        1\,234\text{ apples} | 1234
        a_12 + 1 | a_{12} + 1
    """,
}

DIFFERENT = {
    "numbers": r"""
        3亿元 | 3
        2个半 | 2
        3千米 | 3000
        2点半 | 2
        one hundred twenty | 100
        two million five | 2000000
        0:1:2 | 0:2:1
        0:0 | 1:2
        2^{2^{10}} | 2^{1025}
        五 | 6
        3 万 | 3000
        5 mill | 5
        two million | 2
        half a million | 1000000
        一百零三 | 130
        0.\overline{3} | 0.3
        0.\overline{3} | 0.\overline{31}
        1,5 | 15
        3.5 \times 10^{-4} | 3.5 \times 10^{4}
        1e5 | 1e6
        \frac{1}{0} | \frac{2}{0}
        13 | 3
        3 | 13
        10 | 100
        12 | 1.2
        12 | 21
        7 | -7
        0 | 1
        0.1 | 0.01
        1234 | 1243
        1 | 11
        5 | 5.1
        99 | 100
        2^{10} | 2^{11}
        10^5 | 10^6
        3\times 10^5 | 3\times 10^{-5}
        5! | 5
        \binom{5}{2} | \binom{5}{1}
        123456789 | 123456788
        0.3333333 | 0.3333334
        100000000000000001 | 100000000000000000
        0 | -0.0000001
    """,
    "fractions": r"""
        二分之一 | 2
        \frac{1}{2} | \frac{1}{3}
        1/2 | 2
        \frac{1}{2} | 12
        \frac12 | \frac{1}{12}
        \frac{2}{3} | \frac{3}{2}
        1/3 | 0.33
        \frac{1}{3} | 0.3
        \frac{2}{3} | 0.67
        -\frac{1}{2} | \frac{1}{2}
        \frac{11}{2} | 1\frac{1}{2}
        \frac{\pi}{2} | \frac{\pi}{3}
        \frac{1}{\sqrt{2}} | \frac{1}{\sqrt{3}}
        \frac{22}{7} | \pi
        \frac{1}{7} | 0.142857
        \frac{x}{2} | \frac{2}{x}
    """,
    "mixed numbers": r"""
        1\frac{1}{2} | \frac{1}{2}
        1 1/2 | 11/2
        2\frac{3}{4} | 2.34
        -1\frac{1}{2} | -0.5
        3\frac{1}{3} | 3.3
        1\frac{1}{2} | 1\frac{1}{3}
        2 1/2 | 1
    """,
    "thousands": r"""
        (5,000) | (5,0)
        (3,000, 4) | (3,0,4)
        (1,000, 2) | (1,0,2)
        1,234 | 1.234
        1,000 | 1
        1{,}000 | 1
        1,000 | 100
        1,234 | (1,234)
        1,234,567 | 1234
        10,000 | 10
        (1,234) | (1234, 0)
        1\,000 | 1
        1,23 | 123
    """,
    "currency": r"""
        $18 | 19
        \$5 | \$50
        5 dollars | 5 cents
        $5 | €5
        £20 | $20
        $1.50 | 150
        \$1,250 | 1.25
        $0.75 | 75 cents
    """,
    "units": r"""
        5米 | 5厘米
        12 midnight | 12 noon
        10:15 | 2:3
        4:20 | 1:5
        9:05 | 9:5
        12:18 | 2:3
        2\text{ hours }30\text{ minutes} | 2 hours 20 minutes
        2\text{ hours }30\text{ minutes} | 2
        14\text{ red balls} | 41
        12:30 | 12:45
        5 cm | 5 m
        5 cm | 6 cm
        5 cm | 5 cm^2
        12 cm^2 | 12 cm^3
        12 square inches | 12 square feet
        3 hours | 3 minutes
        60 mph | 60 km/h
        5 m | 5 mm
        12 apples | 13 apples
        2 kg | 2 g
        36\pi cm | 36 cm
        60 m/s | 60 km/h
        7 days | 7 weeks
        3:30 p.m. | 3:30 a.m.
        4 ft | 4 in
        5m | 5
        2x | 2
    """,
    "percent": r"""
        50\% | 5\%
        50\% | 500
        50\% | 5
        0.5 | 50
        50 | 0.5
        12.5\% | 12
        33\% | \frac{1}{3}
        100\% | 10
        5\% | 0.5
        0.5\% | 50
    """,
    "degrees": r"""
        \tan 45^\circ | -1
        \sin 30^\circ | \sin 30
        90^\circ | 80^\circ
        90^\circ | 9
        45° | 45°C
        30^\circ | 30 radians
        \sin 30^\circ | \sin 60^\circ
        180^\circ | \pi^2
    """,
    "words": r"""
        \text{no solution} | 0
        A and B | A or B
        red and blue | red or blue
        DNE | 0
        Monday | Tuesday
        yes | no
        Yes | 1
        evil | live
        even | odd
        True | False
        no solution | one solution
        Alice | Bob
        Alice and Bob | Alice
        triangle | integral
        listen | silent
        red, blue | red, green
        infinitely many | none
        north | thorn
    """,
    "choices": r"""
        B | C
        (B) | (C)
        A | a
        A | AB
        (A) | B
        \text{(D)} | \text{(E)}
        (B) 12 | C
        12 | (B) 13
        E | e
        D | 4
        A | \frac{A}{2}
        C | 100
    """,
    "tuples": r"""
        (1,2) | 1 or 2
        (2,-3) | x=2 or y=-3
        (1,2),(3,4) | (1,2),(4,3)
        (2,-3) | x=-3, y=2
        (1,2) | (2,1)
        (1,2) | (1,2,3)
        (1,2) | (1,3)
        (1,2) | (-1,2)
        (1,2) | 12
        (1,2) | 1.2
        (1,2) | 2, 1
        (1,2) | \{1,2\}
        (0,0) | 0
        (x,y)=(1,2) | (2,1)
        ((1,2),(3,4)) | ((3,4),(1,2))
        (1, \frac{1}{2}) | (1, 2)
        (3, \frac{\pi}{2}) | (3, \frac{\pi}{3})
    """,
    "intervals": r"""
        \{x \mid x>2\} | [2,\infty)
        x<2 and x>5 | x<2 or x>5
        x>1 and x<2 | x>1 or x<2
        x>1 and x<2 | (-\infty,2)\cup(1,\infty)
        0<x<10^{-20} | (0,10^{-21})
        (0,10^{-20})\cup(1,2) | (0,10^{-21})\cup(1,2)
        1<x<2 | 1<y<2
        x<-1\text{ or }x>3 | (-\infty,-1]\cup[3,\infty)
        -2 < x < 5 | [-2, 5]
        x>0 \text{ and } y<2 | (0,2)
        x+1<3 | (-\infty,3)
        x \ne 3 | [3,\infty)
        0 < 1 | 0 < 2
        2 = 2 | 3 = 3
        -2 < x < 5 | (-2, 6)
        \mathbb{R} | \mathbb{Z}
        \{x \mid x>2\} | \{x \mid x \ge 2\}
        [0,1) | [0,1]
        [0,1) | (0,1]
        (0,1) | [0,1]
        [0,1] | [0,2]
        (-\infty, 3] | (-\infty, 3)
        (-\infty, 3) | (3, \infty)
        (-\infty,2)\cup(3,\infty) | (-\infty,2)
        (-\infty,2)\cup(3,\infty) | (-\infty,2]\cup[3,\infty)
        x \in [1,2] | [1,3]
        [1,2] | \{1,2\}
        (-\infty,2)\cup(2,\infty) | (-\infty,\infty)
        [0, \infty) | (0, \infty)
    """,
    "sets": r"""
        \{1,2,3\} | \{1,2\}
        \{1,2\} | \{1,3\}
        1, 2 | 1
        1, 2 | 1, 2, 3
        1 | 1, 2
        1, 1 | 1, 2
        1,-2 | -1,2
        x=1, y=2 | x=2, y=1
        \{5\} | 6
        \emptyset | 0
        \emptyset | \{0\}
        3 \text{ and } 4 | 34
        -1, 0, 1 | -1, 1
    """,
    "matrices": r"""
        \begin{pmatrix} 1 \\ -2 \end{pmatrix} | (-2,1)
        \begin{pmatrix}1&2\\3&4\end{pmatrix} | \begin{pmatrix}1&3\\2&4\end{pmatrix}
        \begin{pmatrix}1\\2\end{pmatrix} | \begin{pmatrix}2\\1\end{pmatrix}
        \begin{pmatrix}1\\2\end{pmatrix} | \begin{pmatrix}1&2\end{pmatrix}
        \begin{pmatrix}1&0\\0&1\end{pmatrix} | \begin{pmatrix}1&0\\0&-1\end{pmatrix}
        \begin{pmatrix}1&2\end{pmatrix} | \begin{pmatrix}1&2&3\end{pmatrix}
        \begin{pmatrix}5\end{pmatrix} | \begin{pmatrix}6\end{pmatrix}
        \begin{vmatrix}1&2\\3&4\end{vmatrix} | \begin{pmatrix}1&2\\3&4\end{pmatrix}
    """,
    "equations": r"""
        x<10^{-20} | x<10^{-21}
        x<\frac{1}{2^{100}} | x<\frac{1}{2^{101}}
        x>2^{-20} | x>2^{-21}
        y = 10^{-20}x | y=10^{-21}x
        y = 10^{-20}x | y + 0 = 10^{-21}x
        x<5 | -x<-5
        x=1 and y=2 | x=1 or y=2
        x = 3 | x = -3
        x = 3 | 4
        3 | x = 13
        x = 3 | y = 3
        y = 2x + 1 | y = 2x - 1
        y = 2x + 1 | 2x
        y = 2x + 1 | x = 2y + 1
        x^2 + y^2 = 4 | x^2 + y^2 = 2
        2x = 6 | 6
        x > 2 | x \ge 2
        x > 2 | x < 2
        x < 5 | 5
        f(x) = x^2 | x^3
        n=12 | n=21
        1 < x < 2 | 1 < x < 3
        x \ne 2 | x = 2
        xy = 6 | 6
    """,
    "signs": r"""
        5 | \pm 5
        \pm 5 | 5
        \pm 5 | -5
        \pm 5 | \pm 6
        3 \pm \sqrt{2} | 3+\sqrt{2}
        3 \pm \sqrt{2} | 2 \pm \sqrt{3}
        x = \pm 2 | 2
        \pm 5 | 5, 5
    """,
    "bases": r"""
        101_2 | 101_3
        101_2 | 110_2
        1A_{16} | 1B_{16}
        2003_4 | 2003_5
        101_2 | 1012
        x_1 | x_2
        1011_10 | 1011_12
    """,
    "expressions": r"""
        f(x)+1 | f(x)+2
        f(2) < 1 | f(3) < 1
        3.1415926535 | 2 \times 1.57079632677
        \pi | 3.14159265
        \frac{\pi}{25446} | 0.000123461
        \ln 0 | 5
        1:2:3 | 2:4:7
        \coth x | \tanh x
        \cot x | \tan x
        |x| | x
        \sqrt{x^2} | x
        \overline{AB} | \overline{BC}
        p \land q | p \lor q
        a^2+b^2 | (a+b)^2
        3\text{rd} | 3
        x+1 | x-1
        x+1 | x
        x^2 | 2x
        x^2 | x^3
        2\sqrt{3} | \sqrt{6}
        2\sqrt{3} | 3\sqrt{2}
        \sqrt{2} | 2
        \sqrt{2} | 1.41
        \sqrt[3]{2} | \sqrt{2}
        \pi | 3.14
        2\pi | \pi
        \pi | 2
        e | 2.718
        x+y | x+z
        (x+1)^2 | x^2+1
        x^{12} | x^1 2
        \log_2 8 | \log_3 8
        \sin x | \cos x
        2+3i | 2-3i
        i | -i
        \infty | -\infty
        \frac{x+1}{2} | x+\frac{1}{2}
        n! | n
        a/b | b/a
        3:4 | 4:3
        x | y
        4\sqrt{3}-2 | 4\sqrt{3}+2
    """,
    "contest answers": r"""
        x \in [-2,7] | y = -2x
        1-\frac{1}{2^{2023}} | 1-\frac{1}{2^{2022}}
        \frac{1}{100!} | \frac{1}{99!}
        10^{-17} | 10^{-18}
        (5/6)^{196} | (5/6)^{197}
        2^{-2023} | 2^{-2022}
        2^{-2023}\pi | 2^{-2022}\pi
        \sqrt{2} \cdot 10^{-20} | \sqrt{3}\cdot 10^{-20}
        x + 10^{-17} | x + 10^{-18}
        10^{-17}x | 10^{-18}x
        1e-17 | 1e-18
        \operatorname{ln} 6 | 2\operatorname{ln} 3
        sin 2x | 2 sin x
        3 ln 2 | 2 ln 3
        \log 2 | \ln 2
        arcsin(x) | arccos(x)
        5 million | 5
        3 million | 3 billion
        12 dozen | 12
        5 = x | 7 = x
        24 = n | 42 = n
        7 = 11a+c | 11a+c
        x = 5 | y = 5
        5 = x | 5 = y
        2=x+1 | x+1
        10=12 | 12
        2:30 | 1:15
        2020-01-05 | 2020-05-01
        1/2/2020 | 2/1/2020
        10-12 | -2
        3-2 | 1
        3-2 | 2-3
        10-12 | 8-10
        9 AM | 9 PM
        9:00 AM | 9:30 AM
        10:30 | 10:15
        -221_3 | -221_5
        -221_3 | 221_3
        IV | VI
        AB | BA
        XL | LX
        \emptyset | \{0\}
        \emptyset | 0
        0.333... | 0.333
        0.333... | 0.34
        0.1666... | 0.166
        \sin^2t | \sin t^2
        \frac{12}{5,\!525} | \frac{12}{5}
        11,\! 111,\! 111,\! 100 | 11
        5 x 10^3 | 50^3
        lcm(4,6) | gcd(4,6)
        \sqrt{2} | 1.41421356238
        \pi | 3.1415
        3:4 | 4:3
        0.999999999999 | 1
        0.9999999999999999 | 1
        \frac{2024!}{2023!} | 2023
        F_n=\sum_{k=0}^{n} k | F_n=\sum_{k=0}^{n} k^2
        V_{1}:V_{2}=11:21 | 11:22
        |AB|=1 | 2
        \sqrt[3]{2} | \sqrt{2}
    """,
    "rare spellings": r"""
        \frac{100000000000}{3} | 33333333333
        1.23456789012345 | 1.23456789012
        1\frac{-1}{2} | \frac{1}{2}
        \frac{1}{3000000000} | 0.0000000003
        (\pm 1, 2) | (1, -1, 2)
        evil, live | live
        x < 1 and cats | x < 1 and acts
        (1,2)(3,4) | (1,2,3,4)
        \int_0^1 10^{-20}x^{x} dx | \int_0^1 10^{-21}x^{x} dx
        5 \ne 3 | 3
        x != 5 | 5
        x == 5 | 6
        1{,}5 | 15
        1,02 | 102
        0,001 | 1
        0.577... | \frac{26}{45}
        A\{1,2\} | B\{1,2\}
        (1,2)x | (1,2)y
        10/14/2020 | 5/7/2020
        5 m | 5m
        Max = 5 | Min = 5
        \sin x^\circ | \sin x
        (n+1)! | (n+1)n
        (n-1)! | (n-2)!
        x<5 and y<7 | x<5 or y<7
        x>5 and y>7 | x>5 or y>7
        x \le 5 and y \le 7 | x \le 5 or y \le 7
        x \ge 5 and y \ge 7 | x \ge 5 or y \ge 7
        x \ne 5 and x \ne 7 | x \ne 5 or x \ne 7
        2:3 | 10:15
        (B) 12 | x = B
        x>1 and y<2 | x>1 and y<2 and z<3
        x>1 and x<2 | x>1 and x<3
        x<y | (-\infty, y)
        x<5 | y<5
        1<x<3 | (1,4)
        (0,1)\cup(2,3) | (0,1)\cup(2,3)\cup(4,5)
        \sqrt{x} | \sqrt{|x|}
        \infty | 10^{20}
        \frac{1}{3}+x | 0.3333333333+x
        1.4142135623 | -\sqrt{2}
        x^2=4 | x=2
        f(x) | f(2x)
        \sum_{k=1}^{n} k | \sum_{k=1}^{n} k^2
        \sin(10^{10}x) | \sin(10^{11}x)
        x>1 | 1<x<2
    """,
    "spellings of units": r"""
        5 millimeters | 5 centimeters
        5 millimetres | 5 centimetres
        5 mm | 5 cm
        5 毫米 | 5 厘米
        5 dm | 5 cm
        5 decimeters | 5 meters
        5 分米 | 5 千米
        5 kilometers | 5 metres
        5 kilometres | 5 miles
        5 km | 5 mi
        5 公里 | 5 米
        5 in | 5 ft
        1 inch | 1 foot
        5 inches | 5 feet
        5 yd | 5 ft
        5 yards | 5 feet
        5 mg | 5 g
        5 milligrams | 5 grams
        5 克 | 5 千克
        5 kg | 5 lb
        5 公斤 | 5 克
        5 kilograms | 5 pounds
        5 lbs | 5 oz
        5 ounces | 5 pounds
        5 t | 5 kg
        5 tons | 5 kg
        5 tonnes | 5 kg
        5 吨 | 5 公斤
        30 s | 30 h
        30 sec | 30 min
        30 seconds | 30 minutes
        30 秒 | 30 分钟
        2 hr | 2 min
        2 hours | 2 days
        2 小时 | 2 天
        2 weeks | 2 months
        2 个月 | 2 年
        2 yr | 2 weeks
        2 years | 2 months
        5 ml | 5 L
        5 milliliters | 5 liters
        5 millilitres | 5 litres
        5 l | 5 gal
        5 gallons | 5 cups
        5 usd | 5 eur
        5 dollars | 5 euros
        5 美元 | 5 元
        5 yuan | 5 yen
        5 rmb | 5 usd
        5 块 | 5 美元
        5¢ | $5
        5 cents | 5 dollars
        €5 | £5
        5 gbp | 5 usd
        ¥5 | ₹5
        5 rupees | 5 dollars
        5 rs | 5 usd
        5 percent | 5 degrees
        5 pct | 5 deg
        5 rad | 5 degrees
        5 radians | 5 degrees
        20°C | 20°F
        20 K | 20°C
        20 kelvin | 20°C
        60 mph | 60 kph
        60 kmh | 60 mph
        5 J | 5 W
        5 joules | 5 watts
        5 N | 5 V
        5 newtons | 5 volts
        5 Hz | 5 Pa
        5 hertz | 5 pascals
        5 mol | 5 g
        5 moles | 5 grams
        3 am | 3 pm
        3:30 a.m | 3:30 p.m
        60 km/h | 60 m/s
        60 ft/s | 60 m/s
        60 miles per hour | 60 kilometers per hour
        5 Miles | 5 Kilometers
        $5 million | $5
        $5 million | €5000000
        3 dozen | 3
        5 square feet | 5 square meters
        5 cubic feet | 5 cubic meters
        5 sq ft | 5 sq m
        5 cu ft | 5 cu m
        5 sq. ft | 5 sq. m
        5 cu. ft | 5 cu. m
    """,
    "number words": r"""
        one hundred one | 100
        one hundred two | 100
        one hundred three | 100
        one hundred four | 100
        one hundred five | 100
        one hundred six | 100
        one hundred seven | 100
        one hundred eight | 100
        one hundred nine | 100
        one hundred ten | 100
        one hundred eleven | 100
        one hundred twelve | 100
        one hundred thirteen | 100
        one hundred fourteen | 100
        one hundred fifteen | 100
        one hundred sixteen | 100
        one hundred seventeen | 100
        one hundred eighteen | 100
        one hundred nineteen | 100
        one hundred twenty | 100
        one hundred thirty | 100
        one hundred forty | 100
        one hundred fifty | 100
        one hundred sixty | 100
        one hundred seventy | 100
        one hundred eighty | 100
        one hundred ninety | 100
        three | 2
        二十 | 12
        三分之四 | \frac{3}{4}
        One Hundred Twenty | 100
    """,
}


def rows(table: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Yield kind, reference and answer of every pair of a table; " | " parts the two answers."""
    for kind, lines in table.items():
        for line in lines.strip().splitlines():
            gold, answer = line.strip().split(" | ")
            yield kind, gold, answer
