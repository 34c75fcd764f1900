using System.Globalization;
using Spectre.Console;
using Treeline.Jobs;

namespace Treeline.App.Commands;

/// <summary>Parts of a job as a person reads them.</summary>
internal static class JobText
{
    public static Text State(JobState state) => new(
        state.ToString().ToLowerInvariant(),
        state switch
        {
            JobState.Running => new Style(Color.Blue),
            JobState.Succeeded => new Style(Color.Green),
            JobState.Failed => new Style(Color.Red),
            JobState.Cancelled => new Style(Color.Yellow),
            _ => Style.Plain,
        });

    public static string Time(DateTimeOffset time) =>
        time.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
}
