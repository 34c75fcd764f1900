using System.Text.Json;

namespace Treeline.Jobs.Tests;

public sealed class NewJobCheckTests
{
    private static readonly JobHandlers s_handlers = new JobHandlers()
        .AddSleep().AddCpu().AddHttp().AddExec(["echo", "true"]).Add("free", (_, _) => Task.FromResult<object?>(null));

    [Theory]
    [InlineData("sleep", """{"ms":0}""")]
    [InlineData("sleep", """{"ms":86400000}""")]
    [InlineData("cpu", """{"n":1}""")]
    [InlineData("cpu", """{"n":50000000}""")]
    [InlineData("http", """{"url":"https://example.org/a?b=c"}""")]
    [InlineData("http", """{"url":"http://x","method":"post","headers":{"X-A":"b"},"body":"hello","timeoutMs":5}""")]
    [InlineData("exec", """{"command":"true"}""")]
    [InlineData("exec", """{"command":"echo","args":["a","b"],"stdin":"x","timeoutMs":1,"env":{"A":"b"}}""")]
    [InlineData("free", null)]
    [InlineData("free", "[1,2]")]
    public void Good_jobs_are_accepted(string type, string? args) =>
        Assert.Single(NewJobCheck.Accept([Job(type, args)], s_handlers));

    [Theory]
    [InlineData("sleep", null, "args.ms", "is required: a whole number from 0 to 86400000.")]
    [InlineData("sleep", "null", "args.ms", "is required")]
    [InlineData("sleep", "{}", "args.ms", "is required")]
    [InlineData("sleep", "[]", "args", "must be an object with the fields ms, and is an array.")]
    [InlineData("sleep", """{"ms":-1}""", "args.ms", "must be a whole number from 0 to 86400000, and is -1.")]
    [InlineData("sleep", """{"ms":86400001}""", "args.ms", "and is 86400001.")]
    [InlineData("sleep", """{"ms":1.5}""", "args.ms", "and is 1.5.")]
    [InlineData("sleep", """{"ms":"1"}""", "args.ms", "and is a string.")]
    [InlineData("sleep", """{"ms":1e99}""", "args.ms", "and is 1e99.")]
    [InlineData("sleep", """{"MS":1}""", "args.MS", "is not known here; the fields are ms.")]
    [InlineData("cpu", """{"n":0}""", "args.n", "from 1 to 50000000")]
    [InlineData("cpu", """{"n":50000001}""", "args.n", "from 1 to 50000000")]
    [InlineData("http", "{}", "args.url", "is required")]
    [InlineData("http", """{"url":"/relative"}""", "args.url", "http:// or https://")]
    [InlineData("http", """{"url":"file:///etc/passwd"}""", "args.url", "http:// or https://")]
    [InlineData("http", """{"url":"http://x","method":"G T"}""", "args.method", "HTTP method")]
    [InlineData("http", """{"url":"http://x","headers":{"A":"b\r\nC: d"}}""", "args.headers.A", "one line")]
    [InlineData("http", """{"url":"http://x","headers":{"A b":"c"}}""", "args.headers.A b", "header's name")]
    [InlineData("http", """{"url":"http://x","headers":["A"]}""", "args.headers", "an object of strings")]
    [InlineData("http", """{"url":"http://x","headers":{"A":1}}""", "args.headers.A", "must be a string, and is 1.")]
    [InlineData("http", """{"url":"http://x","timeoutMs":0}""", "args.timeoutMs", "from 1 to 3600000")]
    [InlineData("exec", "{}", "args.command", "is required")]
    [InlineData("exec", """{"command":"rm"}""", "args.command", "one of the commands this server allows, written exactly so: echo, true.")]
    [InlineData("exec", """{"command":"/bin/echo"}""", "args.command", "one of the commands")]
    [InlineData("exec", """{"command":"echo","args":"a"}""", "args.args", "an array of strings")]
    [InlineData("exec", """{"command":"echo","args":["a",2]}""", "args.args[1]", "must be a string, and is 2.")]
    [InlineData("exec", """{"command":"echo","args":["a\u0000b"]}""", "args.args[0]", "U+0000")]
    [InlineData("exec", """{"command":"echo","env":{"A=B":"c"}}""", "args.env.A=B", "without '='")]
    [InlineData("nope", "{}", "type", "'nope' is not a type of job here; the types are cpu, exec, free, http, sleep.")]
    [InlineData("", null, "type", "is not a type of job here")]
    [InlineData("SLEEP", """{"ms":1}""", "type", "is not a type of job here")]
    public void Bad_ones_are_refused_with_the_field_and_what_would_be_right(string type, string? args, string field, string message)
    {
        InvalidJobException error = Assert.Throws<InvalidJobException>(() => NewJobCheck.Accept([Job(type, args)], s_handlers));

        JobProblem problem = Assert.Single(error.Problems);
        Assert.Equal((0, field), (problem.Index, problem.Field));
        Assert.Contains(message, problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_problem_of_every_job_is_told()
    {
        NewJob good = Job("free", null);

        InvalidJobException error = Assert.Throws<InvalidJobException>(() => NewJobCheck.Accept(
            [
                good with { MaxAttempts = 0, Priority = 1001 },
                good,
                good with { MaxAttempts = 101, Delay = TimeSpan.FromDays(365.5), Priority = -1001 },
                good with { Type = null!, Delay = TimeSpan.FromTicks(-1) },
            ],
            s_handlers));

        Assert.Equal(
            [(0, "maxAttempts"), (0, "priority"), (2, "maxAttempts"), (2, "delay"), (2, "priority"), (3, "type"), (3, "delay")],
            error.Problems.Select(problem => (problem.Index, problem.Field)));
        Assert.Contains("[2].delay: must be from zero to 365 days", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_type_is_added_once_and_under_a_usable_name()
    {
        JobHandlers handlers = new JobHandlers().AddSleep();

        Assert.Contains("already", Assert.Throws<ArgumentException>(() => handlers.AddSleep()).Message, StringComparison.Ordinal);
        Assert.ThrowsAny<ArgumentException>(() => handlers.Add(" ", (_, _) => Task.FromResult<object?>(null)));
        Assert.ThrowsAny<ArgumentException>(() => handlers.Add(new string('x', 101), (_, _) => Task.FromResult<object?>(null)));
        Assert.Equal(["sleep"], handlers.Types);
    }

    private static NewJob Job(string type, string? args) => new(type) { Args = args is null ? null : JsonElement.Parse(args) };
}
