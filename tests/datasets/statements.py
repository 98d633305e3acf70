"""SQL that people write, and that has to work."""

WORKING = [
    ("select 1", [[1]]),
    ("select count(*) from sample_trips", [[6]]),
    ("select count(*) from data.sample_trips;", [[6]]),
    ("table sample_carriers limit 0", []),
    ("select 'a;b' -- a remark; and more", [["a;b"]]),
    ("/* first */ select 2 /* last */ ;", [[2]]),
    ("values (1, 'x'), (2, 'y')", [[1, "x"], [2, "y"]]),
    (
        (
            "select t.dest, c.name from sample_trips t join sample_carriers c using (carrier) "
            "where delay > 10"
        ),
        [["MIA", "American"]],
    ),
    (
        (
            "select c.name from sample_carriers c left join data.sample_trips t "
            "on t.carrier = c.carrier group by 1 having count(*) >= 2 order by 1"
        ),
        [["American"], ["JetBlue"], ["United"]],
    ),
    ("with late as (select * from sample_trips where delay > 0) select count(*) from late", [[2]]),
    (
        (
            "with sample_trips as (select * from sample_trips where carrier = 'UA') "
            "select count(*) from sample_trips"
        ),
        [[2]],
    ),
    (
        (
            "with recursive n(i) as (select 1 union all select i + 1 from n where i < 5) "
            "select sum(i) from n"
        ),
        [[15]],
    ),
    (
        (
            "select dest, rank() over (partition by carrier order by delay desc nulls last) "
            "from sample_trips where carrier = 'UA' order by 2"
        ),
        [["IAH", 1], ["ORD", 2]],
    ),
    (
        (
            "select sum(delay) over w from sample_trips where carrier = 'UA' "
            "window w as (order by delay rows between unbounded preceding and current row)"
        ),
        [[-5], [-3]],
    ),
    (
        (
            "select date_trunc('month', flown_on::timestamp), count(*) from sample_trips "
            "where flown_on is not null group by 1 order by 1"
        ),
        [["2026-01-01T00:00:00", 3], ["2026-02-01T00:00:00", 2]],
    ),
    (
        "select percentile_cont(0.5) within group (order by delay) from sample_trips",
        [[0.0]],
    ),
    (
        (
            "select count(*) filter (where delay > 0), count(*) filter (where cancelled) "
            "from sample_trips"
        ),
        [[2, 1]],
    ),
    (
        (
            "select carrier, count(*) from sample_trips group by grouping sets ((carrier), ()) "
            "order by grouping(carrier), 1"
        ),
        [["AA", 2], ["B6", 2], ["UA", 2], [None, 6]],
    ),
    (
        (
            "select c.carrier, x.dest from sample_carriers c cross join lateral "
            "(select dest from sample_trips t where t.carrier = c.carrier order by delay limit 1) x"
            " order by 1"
        ),
        [["AA", "MIA"], ["B6", "BQN"], ["UA", "ORD"]],
    ),
    ("select extract(year from flown_on) from sample_trips where delay = 2", [[2026]]),
    ("select extract(dow from date '2026-01-04')", [[0]]),
    (
        "select departed at time zone 'UTC' from sample_trips where delay = 2",
        [["2026-01-01T10:00:00"]],
    ),
    ("select coalesce(delay, -100) from sample_trips order by 1 limit 1", [[-100]]),
    ("select case when delay > 0 then 'late' else 'fine' end from sample_trips limit 1", None),
    ("select carrier from sample_trips union select 'XX' order by 1 desc limit 1", [["XX"]]),
    (
        "select carrier from sample_carriers except select 'UA' order by 1",
        [["AA"], ["B6"]],
    ),
    ("select exists (select 1 from sample_trips where dest = 'SECRET')", [[False]]),
    ("select 'UA' in (select carrier from sample_trips), 5 between 1 and 9", [[True, True]]),
    ("select 3 = any (array[1, 2, 3]), (array[4, 5, 6])[2]", [[True, 5]]),
    ("select string_agg(carrier, ',' order by carrier) from sample_carriers", [["AA,B6,UA"]]),
    ("select array_agg(carrier order by carrier) from sample_carriers", [[["AA", "B6", "UA"]]]),
    (
        "select json_build_object('a', 1), '{\"b\": [1, 2]}'::jsonb -> 'b' ->> 1",
        [[{"a": 1}, "2"]],
    ),
    ("select substring('workbench' from 5 for 2), position('b' in 'ab')", [["be", 2]]),
    ("select trim(both ' ' from ' x '), upper('a') || lower('B'), 'x' like 'x%'", None),
    ("select lpad(7::text, 3, '0'), cast('12' as integer), 1.5::numeric(10, 2)", None),
    ("select interval '1 day' * 2, current_date - current_date, now() = now()", None),
    ("select g, g * 2 from generate_series(1, 3) as g", [[1, 2], [2, 4], [3, 6]]),
    (
        "select * from unnest(array['a', 'b']) with ordinality as u(word, place)",
        [["a", 1], ["b", 2]],
    ),
    ("select 1 as same, 2 as same", [[1, 2]]),
    ("select t from sample_carriers t where carrier = 'UA'", None),
    (
        "select a.carrier from sample_carriers a, sample_carriers b where a.carrier < b.carrier",
        None,
    ),
    ("select distinct on (carrier) carrier, dest from sample_trips order by carrier, dest", None),
    ("select row_number() over (), ntile(2) over (order by delay) from sample_trips", None),
    (
        (
            "select corr(delay, distance), stddev(delay), mode() within group (order by dest) "
            "from sample_trips"
        ),
        None,
    ),
    (
        "select delay from sample_trips order by delay desc nulls last fetch first 1 row only",
        [[33]],
    ),
    ("explain select * from sample_trips where delay > 0", None),
]
