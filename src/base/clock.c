#include "base/clock.h"

#include <time.h>

#define DAY_SECONDS INT64_C(86400)

static int64_t read_clock(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * CLOCK_SECOND_US + t.tv_nsec / 1000;
}

int64_t clock_wall_us(void)
{
    return read_clock(CLOCK_REALTIME);
}

int64_t clock_mono_us(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static int64_t floor_rest(int64_t a, int64_t b)
{
    int64_t rest = a % b;
    return rest < 0 ? rest + b : rest;
}

/* Days since 1970-01-01 of a date of the proleptic Gregorian calendar; years are counted from March, so that the leap
 * day comes last. */
static int64_t days_of_date(int64_t year, int month, int day)
{
    int64_t y = month > 2 ? year : year - 1;
    int64_t era = floor_div(y, 400);
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static void date_of_days(int64_t days, int64_t *year, int *month, int *day)
{
    int64_t shifted = days + 719468;
    int64_t era = floor_div(shifted, 146097);
    int64_t doe = shifted - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t month_from_march = (5 * doy + 2) / 153;
    *day = (int)(doy - (153 * month_from_march + 2) / 5 + 1);
    *month = (int)(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
    *year = yoe + era * 400 + (*month <= 2);
}

static char *put_digits(char *out, int64_t v, int count)
{
    for (int i = count - 1; i >= 0; i--) {
        out[i] = (char)('0' + v % 10);
        v /= 10;
    }
    return out + count;
}

/* "2026-11-22T08:30:00" of seconds that are already in the zone wanted. Years 0 to 9999; others are cut to these. */
static char *put_seconds(char *out, int64_t seconds)
{
    const int64_t first = days_of_date(0, 1, 1) * DAY_SECONDS;
    const int64_t last = days_of_date(10000, 1, 1) * DAY_SECONDS - 1;
    seconds = seconds < first ? first : seconds > last ? last : seconds;
    int64_t days = floor_div(seconds, DAY_SECONDS);
    int64_t rest = seconds - days * DAY_SECONDS;
    int64_t year;
    int month;
    int day;
    date_of_days(days, &year, &month, &day);
    out = put_digits(out, year, 4);
    *out++ = '-';
    out = put_digits(out, month, 2);
    *out++ = '-';
    out = put_digits(out, day, 2);
    *out++ = 'T';
    out = put_digits(out, rest / 3600, 2);
    *out++ = ':';
    out = put_digits(out, rest / 60 % 60, 2);
    *out++ = ':';
    return put_digits(out, rest % 60, 2);
}

size_t clock_format_utc(int64_t wall_us, char *out)
{
    int64_t seconds = floor_div(wall_us, CLOCK_SECOND_US);
    char *at = put_seconds(out, seconds);
    *at++ = '.';
    at = put_digits(at, floor_rest(wall_us, CLOCK_SECOND_US), 6);
    *at++ = 'Z';
    *at = 0;
    return (size_t)(at - out);
}

/* localtime_r takes a lock of the whole process; events come many to a second, so each thread keeps the last answer. */
static int32_t zone_offset_s(int64_t seconds)
{
    static _Thread_local int64_t known_quarter = INT64_MIN;
    static _Thread_local int32_t known_offset;
    int64_t quarter = floor_div(seconds, 900); /* no zone changes within a quarter of an hour */
    if (quarter != known_quarter) {
        time_t t = (time_t)seconds;
        struct tm local;
        known_offset = localtime_r(&t, &local) ? (int32_t)local.tm_gmtoff : 0;
        known_quarter = quarter;
    }
    return known_offset;
}

size_t clock_format_eve(int64_t wall_us, char *out)
{
    int64_t seconds = floor_div(wall_us, CLOCK_SECOND_US);
    int32_t offset = zone_offset_s(seconds);
    char *at = put_seconds(out, seconds + offset);
    *at++ = '.';
    at = put_digits(at, floor_rest(wall_us, CLOCK_SECOND_US), 6);
    *at++ = offset < 0 ? '-' : '+';
    int32_t minutes = (offset < 0 ? -offset : offset) / 60;
    at = put_digits(at, minutes / 60, 2);
    at = put_digits(at, minutes % 60, 2);
    *at = 0;
    return (size_t)(at - out);
}

/* Exactly `count` digits from the front of *s; -1 when they are not there. */
static int64_t take_digits(struct str *s, size_t count)
{
    uint64_t v;
    if (s->len < count || !str_to_u64(str_cut(*s, 0, count), &v))
        return -1;
    *s = str_from(*s, count);
    return (int64_t)v;
}

static bool take_byte(struct str *s, const char *one_of)
{
    if (s->len == 0 || s->p[0] == 0 || !strchr(one_of, s->p[0]))
        return false;
    *s = str_from(*s, 1);
    return true;
}

static bool take_date(struct str *s, int64_t *seconds)
{
    int64_t year = take_digits(s, 4);
    bool good = year >= 0 && take_byte(s, "-");
    int64_t month = good ? take_digits(s, 2) : -1;
    good = month >= 1 && month <= 12 && take_byte(s, "-");
    int64_t day = good ? take_digits(s, 2) : -1;
    if (day < 1 || day > 31)
        return false;
    int64_t days = days_of_date(year, (int)month, (int)day);
    int64_t year_again;
    int month_again;
    int day_again;
    date_of_days(days, &year_again, &month_again, &day_again);
    *seconds = days * DAY_SECONDS;
    return day_again == day; /* 30 February has become 2 March */
}

static bool take_time(struct str *s, int64_t *seconds)
{
    int64_t hour = take_digits(s, 2);
    bool good = hour >= 0 && hour <= 23 && take_byte(s, ":");
    int64_t minute = good ? take_digits(s, 2) : -1;
    good = minute >= 0 && minute <= 59 && take_byte(s, ":");
    int64_t second = good ? take_digits(s, 2) : -1;
    *seconds = hour * 3600 + minute * 60 + second;
    return second >= 0 && second <= 60; /* 60: a leap second, counted as the next one */
}

static bool take_fraction(struct str *s, int64_t *us)
{
    *us = 0;
    if (!take_byte(s, "."))
        return true;
    size_t count = 0;
    for (int64_t unit = 100000; s->len && s->p[0] >= '0' && s->p[0] <= '9'; unit /= 10, count++) {
        *us += (s->p[0] - '0') * unit;
        *s = str_from(*s, 1);
    }
    return count > 0;
}

static bool take_offset(struct str *s, int64_t *seconds)
{
    *seconds = 0;
    if (take_byte(s, "Zz"))
        return true;
    bool minus = s->len && s->p[0] == '-';
    if (!take_byte(s, "+-"))
        return false;
    int64_t hours = take_digits(s, 2);
    take_byte(s, ":");
    int64_t minutes = take_digits(s, 2);
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
        return false;
    *seconds = (hours * 60 + minutes) * (minus ? -60 : 60);
    return true;
}

bool clock_parse(struct str s, int64_t *wall_us)
{
    int64_t date;
    int64_t time;
    int64_t us;
    int64_t offset;
    if (!take_date(&s, &date) || !take_byte(&s, "Tt ") || !take_time(&s, &time))
        return false;
    if (!take_fraction(&s, &us) || !take_offset(&s, &offset) || s.len)
        return false;
    *wall_us = (date + time - offset) * CLOCK_SECOND_US + us;
    return true;
}
