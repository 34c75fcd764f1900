using Treeline.PublicApi;

namespace Treeline.Repository.Tests;

/// <summary>Every change of a library's public surface shows as a change of its PublicAPI.txt.</summary>
public class PublicSurfaceTests
{
    public static TheoryData<string> Libraries => [.. Surfaces.All.Select(static surface => surface.Library)];

    [Theory]
    [MemberData(nameof(Libraries))]
    public void The_surface_is_the_one_on_record(string library)
    {
        (_, string assembly, string record) = Surfaces.All.Single(surface => surface.Library == library);

        string[] actual = PublicApiText.Of(assembly).Split('\n');
        string[] onRecord = File.ReadAllText(record).Split('\n');

        string[] added = [.. actual.Except(onRecord).Select(static line => "+ " + line)];
        string[] gone = [.. onRecord.Except(actual).Select(static line => "- " + line)];
        Assert.True(
            actual.SequenceEqual(onRecord),
            $"The public surface of {library} is not the one in {Path.GetRelativePath(Surfaces.Root, record)}:\n"
            + string.Join('\n', added.Concat(gone))
            + "\nIf that is meant, run: dotnet run --project eng/PublicApi");
    }
}
